# What the rules of attack.smk ask for: inputs and parameters, as functions of the study and of wildcards.

from snakemake_interface_executor_plugins.settings import SharedFSUsage

from flat.attacks.spec import spec_of, tables_of

SHARDS = "shards"


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


def attack_plugin(wildcards):
    return ("attacks", STUDY.attacks[attack_name(wildcards)].recipe)


def plugins_of_attack(wildcards):
    return brought(model_plugin(wildcards), attack_plugin(wildcards))


def attack_code(wildcards):
    return code("attack.py", model_plugin(wildcards), attack_plugin(wildcards))


@cache
def attack_options(name, of_round):
    return canonical(spec_of(STUDY, name, of_round))


def attacked_of_test(wildcards):
    """How many of the data set's drawn test examples an attack is run on; None: all."""
    return attacked_test(STUDY, wildcards.dataset, wildcards.model, wildcards.attack)


def victim_in_train_mode(wildcards):
    """Whether train texts are attacked with dropout and sampled masks on (a reading of the published code)."""
    switches = switches_of(STUDY, wildcards.model, wildcards.strategy)
    return switches["attack_in_train_mode"]


def attack_resources(wildcards):
    """Markers of the fetched resources an attack uses, and the files of the user's folders among them."""
    return resources_of_attack(attack_name(wildcards))


@cache
def resources_of_attack(name):
    resources = STUDY.attacks[name].resources
    names = {role: name for role, name in resources.items() if not is_made(role, name)}
    package = [] if textattack_is_there() else [marker("textattack")]
    return sorted({file for name in names.values() for file in resource_files(name)}) + package


def attack_tables(wildcards):
    """Role -> what a rule makes of the data set for the attack's resources."""
    attack = STUDY.attacks[attack_name(wildcards)]
    return tables_of(PATHS, wildcards.dataset, attack.recipe, attack.resources)


def train_attack_seed(wildcards):
    """Which train examples are attacked: fresh in each round, the same for every strategy and attack."""
    return seeded("attack-train", wildcards.dataset, wildcards.seed, wildcards.round)


def several_machines():
    """Whether a cluster takes the jobs. Known when input functions are asked, not before.

    A dry run has its own executor in place of the cluster's, but keeps the threads that Snakemake then submits from.
    """
    return workflow.non_local_exec or (workflow.dryrun and workflow.execution_settings.use_threads)


@cache
def runs_in_shards(folder, shards):
    """Whether an attack, whose files lie in ``folder``, runs as its shards.

    It goes on as it was begun, and what is finished stays: so moving a study to a cluster or back runs nothing again.
    A job that a cluster has sent to a node sees the shards that were made for it, and no others are.
    """
    if shards == 1 or STUDY.sharding != "auto":
        return shards > 1 and STUDY.sharding == "always"
    if SharedFSUsage.INPUT_OUTPUT not in workflow.storage_settings.shared_fs_usage:
        return True  # files are elsewhere; only clusters do without a common file system
    if any(Path(folder, SHARDS).glob("*.parquet")):
        return True
    if not workflow.is_main_process or Path(folder, "ledger.parquet").exists():
        return False
    return several_machines()


def attack_folder(wildcards):
    cell = coordinates(cell_of(wildcards))
    if "round" in wildcards.keys():
        return PATHS.train_ledger("", wildcards.round, **cell)
    return PATHS.test_ledger("", wildcards.attack, **cell)


def merges_shards(wildcards):
    """Whether a job only puts the shards of an attack together."""
    if "shard" in wildcards.keys():
        return False
    shards = STUDY.attacks[attack_name(wildcards)].shards
    return shards > 1 and runs_in_shards(attack_folder(wildcards), shards)


def shard_ledgers(wildcards):
    """The ledgers that a job puts together; none for one that attacks."""
    if not merges_shards(wildcards):
        return []
    folder = attack_folder(wildcards)
    return [f"{folder}{SHARDS}/{i}.parquet" for i in range(STUDY.attacks[attack_name(wildcards)].shards)]


def shard_of(wildcards):
    """(number, of how many) of a shard; None for a job that is none."""
    if "shard" not in wildcards.keys():
        return None
    return [int(wildcards.shard), STUDY.attacks[attack_name(wildcards)].shards]


def attack_gpus(wildcards):
    return 0 if merges_shards(wildcards) else gpus(wildcards)


def workers_of_attack(wildcards):
    return STUDY.attacks[attack_name(wildcards)].workers


def attack_workers(wildcards):
    """Processes of an attack job, as many as Snakemake can give it cores: of an attack in one job those of its shards.

    The script takes what it is given (snakemake.threads). A GPU is asked by one process for all of them.
    """
    if merges_shards(wildcards):
        return 1
    attack = STUDY.attacks[attack_name(wildcards)]
    return attack.workers * (1 if "shard" in wildcards.keys() else attack.shards)
