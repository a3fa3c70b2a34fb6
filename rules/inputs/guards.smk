# What the rules of guards.smk ask for: inputs and parameters, as functions of the study and of wildcards.

from flat.study.grid import calibrated_cells, checked_cells, compared_strategies, trained_beside

CHECKED = checked_cells(STUDY)
CALIBRATED = set(calibrated_cells(STUDY))
GUARDED_DATASETS = sorted({a.cell.dataset for a in ATTACKED})
GUARDED_SPLITS = {d: [PATHS.split(d, split) for split in ("dev", "test")] for d in GUARDED_DATASETS}
ANTONYMS_FROM = WORDNET or "wordnet"
VALIDITY_RESOURCES = {role: role_resource(role) for role in ("synonyms", "sentence_encoder") if role_resource(role)}


def guarded_attack(attacked):
    """The files of an attacked cell that the guards read, and what they must know of it."""
    cell = coordinates(attacked.cell)
    recheck = [PATHS.calibrated(file, attacked.attack, **cell) for file in ("ledger.parquet", "calibration.json")]
    return cell | {
        "attack": attacked.attack,
        "round": last_round(STUDY, attacked.cell),
        "examples": attacked_test(STUDY, attacked.cell.dataset, attacked.cell.model, attacked.attack),
        "ledger": test_ledger(STUDY, attacked),
        "lock": test_ledger(STUDY, attacked, "lock.json"),
        "vocabulary": known_words(attacked.cell),
        "recheck": recheck if attacked in CALIBRATED else None,
    }


def guarded_rounds(cell):
    """The rounds of a cell: metrics.json of each, and the ledgers and locks of the attacks behind its texts."""
    accumulate = rounds_of(STUDY, cell).accumulate
    rounds = []
    on_clean = not STUDY.strategies[cell.strategy].adversarial  # round 0 is then all of its training
    for k in range(0 if on_clean else 1, last_round(STUDY, cell) + 1):
        attacks = [] if on_clean else range(1 if accumulate else k, k + 1)
        rounds.append(
            {
                "metrics": PATHS.model("metrics.json", k, **coordinates(cell)),
                "ledgers": [train_ledger(STUDY, cell, i) for i in attacks],
                "locks": [train_ledger(STUDY, cell, i, "lock.json") for i in attacks],
            }
        )
    return coordinates(cell) | {"rounds": rounds}


GUARDED_ATTACKS = [guarded_attack(a) for a in ATTACKED]


def guarded_group(group):
    """Cells that are compared. Of a base model all training that goes on from it in adv: others have it in one go."""
    found = [guarded_rounds(cell) for cell in group]
    beside = trained_beside(STUDY, group[0]) if group[0].strategy == "base" else None
    return (
        [found[0] | {"rounds": found[0]["rounds"] + guarded_rounds(beside)["rounds"]}, *found[1:]] if beside else found
    )


COMPARED = [guarded_group(group) for group in compared_strategies(STUDY)]
TRAINED_ROUNDS = [r for group in COMPARED for item in group for r in item["rounds"]]
GUARDED_FILES = {
    "ledgers": [item["ledger"] for item in GUARDED_ATTACKS],
    "locks": [item["lock"] for item in GUARDED_ATTACKS],
    "rechecks": [f for item in GUARDED_ATTACKS for f in item["recheck"] or []],
    "metrics": [r["metrics"] for r in TRAINED_ROUNDS],
    "trained_on": sorted({f for r in TRAINED_ROUNDS for f in r["ledgers"] + r["locks"]}),
    "vocabularies": sorted({i["vocabulary"] for i in GUARDED_ATTACKS} - {None}),
    "examples": [PATHS.data(d, "examples.json") for d in GUARDED_DATASETS],
    "splits": [file for files in GUARDED_SPLITS.values() for file in files],
}


def antonyms_resource(wildcards):
    return resource_files(ANTONYMS_FROM)


def validity_resources(wildcards):
    return sorted(file for name in VALIDITY_RESOURCES.values() for file in resource_files(name))


def checked_of(wildcards):
    return [a for a in CHECKED if a.cell.dataset == wildcards.dataset]


def checked_ledgers(wildcards):
    return [test_ledger(STUDY, a) for a in checked_of(wildcards)]


def checked_coordinates(wildcards):
    return [coordinates(a.cell) | {"attack": a.attack} for a in checked_of(wildcards)]


def calibrated_code(wildcards):
    return code("attack_calibrated.py", model_plugin(wildcards), attack_plugin(wildcards))
