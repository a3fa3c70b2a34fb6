# What the rules of attack.smk ask for: inputs and parameters, as functions of the study and of wildcards.

# keys of an attack that do not change what it answers to a text, and why; all others are handed on
NOT_OF_ATTACK = {
    "title": "only printed",
    "stand_ins": "only printed",
    "examples": "which texts: the param examples",
    "shards": "how they are divided among jobs: the param shard",
    "workers": "how many processes a job has: the param workers",
}


def victim_of_round(wildcards):
    """The checkpoint that the attack of a round is run on."""
    return previous_model(STUDY, cell_of(wildcards), int(wildcards.round))


def attacked_of_round(wildcards):
    return attacked_train(STUDY, cell_of(wildcards))


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
    options = attack.model_dump(exclude={*NOT_OF_ATTACK})
    return canonical(options | {"search": search})


def attacked_of_test(wildcards):
    """How many of the data set's drawn test examples an attack is run on; None: all."""
    return attacked_test(STUDY, wildcards.dataset, wildcards.model, wildcards.attack)


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
        role: PATHS.data(wildcards.dataset, MADE_FILES[role].format(made_from(role, name)))
        for role, name in attack.resources.items()
        if is_made(role, name)
    }
    return tables | (
        {"wordnet": PATHS.data(wildcards.dataset, "wordnet.json")} if "wordnet" in RECIPES[attack.recipe] else {}
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


def merges_shards(wildcards):
    """Whether a job only puts the shards of an attack together."""
    shards = STUDY.attacks[attack_name(wildcards)].shards
    return shards > 1 and "shard" not in wildcards.keys()


def shard_ledgers(wildcards):
    """The ledgers that a job puts together; none for one that attacks."""
    if not merges_shards(wildcards):
        return []
    cell = coordinates(cell_of(wildcards))
    files = [f"shards/{i}.parquet" for i in range(STUDY.attacks[attack_name(wildcards)].shards)]
    if "round" in wildcards.keys():
        return [PATHS.train_ledger(file, wildcards.round, **cell) for file in files]
    return [PATHS.test_ledger(file, wildcards.attack, **cell) for file in files]


def shard_of(wildcards):
    """(number, of how many) of a shard; None for a job that is none."""
    if "shard" not in wildcards.keys():
        return None
    return [int(wildcards.shard), STUDY.attacks[attack_name(wildcards)].shards]


def attack_gpus(wildcards):
    return 0 if merges_shards(wildcards) else gpus(wildcards)


def attack_workers(wildcards):
    if merges_shards(wildcards):
        return 1
    return STUDY.attacks[attack_name(wildcards)].workers
