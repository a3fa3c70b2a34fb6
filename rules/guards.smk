# Guards: attacks at the fitted temperature, what is refused or flagged, and how valid adversarial texts are.

from flat.study.grid import calibrated_cells, checked_cells, compared_strategies

CHECKED = checked_cells(STUDY)
CALIBRATED = set(calibrated_cells(STUDY))
GUARDED_DATASETS = sorted({a.cell.dataset for a in ATTACKED})
GUARDED_SPLITS = {d: [PATHS.split(d, split) for split in ("dev", "test")] for d in GUARDED_DATASETS}
ANTONYMS_FROM = WORDNET or "wordnet"
VALIDITY_RESOURCES = {role: role_resource(role) for role in ("synonyms", "sentence_encoder") if role_resource(role)}


def workers_of_attack(wildcards):
    return STUDY.attacks[wildcards.attack].workers


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
    for k in range(1, last_round(STUDY, cell) + 1):
        attacks = range(1 if accumulate else k, k + 1)
        rounds.append(
            {
                "metrics": PATHS.model("metrics.json", k, **coordinates(cell)),
                "ledgers": [train_ledger(STUDY, cell, i) for i in attacks],
                "locks": [train_ledger(STUDY, cell, i, "lock.json") for i in attacks],
            }
        )
    return coordinates(cell) | {"rounds": rounds}


GUARDED_ATTACKS = [guarded_attack(a) for a in ATTACKED]
COMPARED = [[guarded_rounds(cell) for cell in group] for group in compared_strategies(STUDY)]
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


rule attack_calibrated:
    """Attack a sub-sample of a model's attacked examples again, at the temperature fitted on dev."""
    input:
        attack_resources,
        unpack(attack_tables),
        model=tested_model,
        dev=PATHS.split("{dataset}", "dev"),
        test=PATHS.split("{dataset}", "test"),
        attacked=PATHS.test_ledger("ledger.parquet", "{attack}", **CELL),
    output:
        ledger=PATHS.calibrated("ledger.parquet", "{attack}", **CELL),
        lock=PATHS.calibrated("lock.json", "{attack}", **CELL),
        calibration=PATHS.calibrated("calibration.json", "{attack}", **CELL),
    log:
        PATHS.log("attack_calibrated", *CELL_FOLDERS, "{attack}"),
    benchmark:
        PATHS.benchmark("attack_calibrated", *CELL_FOLDERS, "{attack}")
    conda:
        "../envs/flat.yaml"
    threads: workers_of_attack
    resources:
        gpu=gpus,
        mem_mb=memory,
        runtime=1440,
    params:
        attack=attack_params,
        own=own_of_attack,
        examples=getattr(STUDY.guards.calibration, "examples", 0),
        draw_seed=seeded("calibration"),
        seed=seeded("attack-test"),
        workers=workers_of_attack,
        journal=PATHS.journal("attack_calibrated", *CELL_FOLDERS, "{attack}"),
        device=device,
        torch_threads=STUDY.torch_threads,
        code=code("attack_calibrated.py"),
    script:
        "../workflow/scripts/attack_calibrated.py"


rule check_guards:
    """Refuse ledgers that cannot be what they say, flag doubtful cells: no number is reported before."""
    input:
        **GUARDED_FILES,
    output:
        flags=PATHS.top("flags.parquet"),
        measured=PATHS.top("guards.parquet"),
    log:
        PATHS.log("check_guards"),
    benchmark:
        PATHS.benchmark("check_guards")
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        attacked=GUARDED_ATTACKS,
        groups=COMPARED,
        drawn={d: PATHS.data(d, "examples.json") for d in GUARDED_DATASETS},
        splits=GUARDED_SPLITS,
        limits=STUDY.guards.model_dump(exclude={"calibration"}),
        code=code("check_guards.py"),
    script:
        "../workflow/scripts/check_guards.py"


rule find_antonyms:
    """Substitutions of a word by its opposite, among all adversarial texts that are judged (WordNet)."""
    input:
        wordnet=antonyms_resource,
        ledgers=[test_ledger(STUDY, a) for a in CHECKED],
    output:
        antonyms=PATHS.validity("antonyms.parquet"),
    log:
        PATHS.log("find_antonyms"),
    benchmark:
        PATHS.benchmark("find_antonyms")
    conda:
        "../envs/flat.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        wordnet=ANTONYMS_FROM,
        own=own(ANTONYMS_FROM),
        attacked=[coordinates(a.cell) | {"attack": a.attack} for a in CHECKED],
        code=code("find_antonyms.py"),
    script:
        "../workflow/scripts/find_antonyms.py"


rule measure_validity:
    """How far adversarial texts are from their originals: words changed, similarity, grammar errors made."""
    input:
        validity_resources,
        ledgers=checked_ledgers,
    output:
        validity=PATHS.validity("{dataset}.parquet"),
    log:
        PATHS.log("measure_validity", "{dataset}"),
    benchmark:
        PATHS.benchmark("measure_validity", "{dataset}")
    conda:
        "../envs/flat.yaml"
    resources:
        mem_mb=4000,
        runtime=720,
    params:
        resources=VALIDITY_RESOURCES,
        own=own(*VALIDITY_RESOURCES.values()),
        attacked=checked_coordinates,
        code=code("measure_validity.py"),
    script:
        "../workflow/scripts/measure_validity.py"
