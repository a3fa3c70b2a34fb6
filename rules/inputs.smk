# What attacks, explanations and replays ask for: inputs and parameters as functions of wildcards. No rules here.

# --- attack


def victim_of_round(wildcards):
    """The checkpoint that the attack of a round is run on."""
    return previous_model(STUDY, ledger_cell(wildcards), int(wildcards.round))


def ledger_cell(wildcards):
    return Cell(
        wildcards.dataset,
        wildcards.model,
        wildcards.strategy,
        wildcards.train_attack,
        int(wildcards.seed),
    )


def attacked_of_round(wildcards):
    return attacked_train(STUDY, ledger_cell(wildcards))


def tested_model(wildcards):
    return final_model(STUDY, cell_of(wildcards))


def attack_name(wildcards):
    return wildcards.get("attack", wildcards.get("train_attack"))


def attack_params(wildcards):
    """The attack as the study says it; queries are reported of test texts, so these are searched exactly."""
    return attack_options(attack_name(wildcards), "round" in wildcards.keys())


@cache
def attack_options(name, of_round):
    attack = STUDY.attacks[name]
    search = attack.search or ("lazy" if of_round else "exact")
    return canonical(attack.model_dump(include=ATTACK_FIELDS) | {"search": search})


def attacked_of_test(wildcards):
    """How many of the data set's drawn test examples an attack is run on; None: all."""
    return attacked_test(STUDY, wildcards.dataset, wildcards.model, wildcards.attack)


def draws_of_explained(wildcards):
    return explained_draws(STUDY, wildcards.dataset)


def victim_in_train_mode(wildcards):
    """Whether train texts are attacked with dropout and sampled masks on (a reading of the published code)."""
    switches = switches_of(STUDY, wildcards.model, wildcards.strategy)
    return switches["attack_in_train_mode"]


def attack_resources(wildcards):
    """Markers of the fetched resources an attack uses, and the files of the user's folders among them."""
    resources = STUDY.attacks[attack_name(wildcards)].resources
    names = {role: name for role, name in resources.items() if not is_made(role, name)}
    return sorted({file for name in names.values() for file in resource_files(name)})


def attack_tables(wildcards):
    """Role -> what a rule makes of the data set for the attack's resources."""
    attack = STUDY.attacks[attack_name(wildcards)]
    tables = {
        role: PATHS.data(
            wildcards.dataset, MADE_FILES[role].format(made_from(role, name))
        )
        for role, name in attack.resources.items()
        if is_made(role, name)
    }
    return tables | (
        {"wordnet": PATHS.data(wildcards.dataset, "wordnet.json")}
        if attack.recipe == "pwws"
        else {}
    )


# the file of each role's table; a masked language model is the folder it lies in
MADE_FILES = {
    "sememes": "sememes-{}.json",
    "language_model": "bigrams.npz",
    "masked_language_model": "mlm-{}/model.safetensors",
}


def train_attack_seed(wildcards):
    """Which train examples are attacked: fresh in each round, the same for every strategy and attack."""
    return seeded("attack-train", wildcards.dataset, wildcards.seed, wildcards.round)


def shard_ledgers(wildcards):
    """The shards of a test attack; none where the study runs it as one job."""
    shards = STUDY.attacks[wildcards.attack].shards
    if shards == 1:
        return []
    return [
        test_shard(i, wildcards.attack, **coordinates(cell_of(wildcards)))
        for i in range(shards)
    ]


def train_shard_ledgers(wildcards):
    shards = STUDY.attacks[wildcards.train_attack].shards
    if shards == 1:
        return []
    return [
        train_shard(i, wildcards.round, **coordinates(ledger_cell(wildcards)))
        for i in range(shards)
    ]


def test_shard(shard, attack, **cell):
    return PATHS.test_ledger(f"shards/{shard}.parquet", attack, **cell)


def train_shard(shard, round, **cell):
    return PATHS.train_ledger(f"shards/{shard}.parquet", round, **cell)


def shard_of(wildcards):
    """(number, of how many) of a shard."""
    return [int(wildcards.shard), STUDY.attacks[attack_name(wildcards)].shards]


def attack_gpus(wildcards):
    """A job that only merges shards wants no GPU."""
    return 0 if STUDY.attacks[attack_name(wildcards)].shards > 1 else gpus(wildcards)


def attack_workers(wildcards):
    attack = STUDY.attacks[attack_name(wildcards)]
    return (
        1 if attack.shards > 1 and "shard" not in wildcards.keys() else attack.workers
    )


# --- interpret


def explained_pairs(wildcards):
    """The cell's own adversarial texts and those stored from the base model (the shared pair set)."""
    attacked = AttackedCell(cell_of(wildcards), wildcards.attack)
    shared = AttackedCell(base_of(attacked.cell), wildcards.attack)
    return {"own": test_ledger(STUDY, attacked), "shared": test_ledger(STUDY, shared)}


def explained_of_model(wildcards):
    return [
        a
        for a in explained_cells(STUDY, wildcards.method)
        if a.cell.dataset == wildcards.dataset and a.cell.model == wildcards.model
    ]


def attributions_of_model(wildcards):
    return [
        PATHS.attributions(wildcards.method, a.attack, **coordinates(a.cell))
        for a in explained_of_model(wildcards)
    ]


def ledgers_of_model(wildcards):
    return [test_ledger(STUDY, a) for a in explained_of_model(wildcards)]


def shared_ledgers_of_model(wildcards):
    return [
        test_ledger(STUDY, AttackedCell(base_of(a.cell), a.attack))
        for a in explained_of_model(wildcards)
    ]


def explanation_seed(wildcards):
    """The same for every model, so that strategies are explained with the same perturbations."""
    return seeded("explain", wildcards.dataset)


def train_ledgers_of_importance(wildcards):
    cell = cell_of(wildcards)
    return [train_ledger(STUDY, cell, k) for k in range(1, last_round(STUDY, cell) + 1)]


def analysed_words(wildcards):
    """How many words are compared with their synonyms."""
    return STUDY.artefacts.importance.words


def analysed_synonyms(wildcards):
    return STUDY.artefacts.importance.synonyms


# --- replay


def replayed_ledgers(wildcards):
    """The ledgers of every model of the transfer matrix, of the asked model's seed."""
    return [test_ledger(STUDY, a) for a in replayed_on(STUDY, cell_of(wildcards))]


def replay_sources(wildcards):
    return [coordinates(a.cell) for a in replayed_on(STUDY, cell_of(wildcards))]
