# What the rules of tune.smk ask for: inputs and parameters, as functions of the study and of wildcards.

from snakemake.iocontainers import Wildcards
from flat.study.grid import tuned_cell, tuned_cells, tuned_where
from flat.study.paths import attacked_in_round
from flat.study.settings import searched, tuned_attacked

TUNE = STUDY.tune
TUNED = tuned_cells(STUDY) if TUNE is not None else []
SEARCHED = ("dataset", "model", "strategy")
SEARCH = {name: CELL[name] for name in SEARCHED}
SEARCHES = [{name: coordinates(cell)[name] for name in SEARCHED} for cell in TUNED]


def tuned(wildcards, round=0):
    """The wildcards of the cell that a search trains, at a round; a search's own name data set, model, strategy."""
    cell = tuned_cell(STUDY, *(wildcards[name] for name in SEARCHED))
    return Wildcards(fromdict=coordinates(cell) | {"round": str(round)})


def adversarial(wildcards):
    """Whether a search's strategy trains on adversarial texts; a base model does not, and none attacks it on dev."""
    return STUDY.strategies[wildcards.strategy].adversarial


def tuned_overlay(wildcards):
    """What `snakemake tune` makes.

    Raises:
        WorkflowError: the study names no cells to tune.
    """
    if TUNE is None:
        raise WorkflowError(
            "tune: the study names no cells to tune\n" "  remedy: give it a section tune (docs/study-file.md)"
        )
    return [PATHS.tuning("overlay.yaml")]


def tuned_resources(wildcards):
    return attack_resources(tuned(wildcards, 1)) if adversarial(wildcards) else []


def tuned_own(wildcards):
    return own_of_training(wildcards) | (own_of_attack(tuned(wildcards, 1)) if adversarial(wildcards) else {})


def tuned_workers(wildcards):
    return workers_of_attack(tuned(wildcards, 1)) if adversarial(wildcards) else STUDY.torch_threads


def tuned_inputs(wildcards):
    """What the cell's first round reads, and the attack; a strategy that starts by itself has no base model."""
    first = tuned(wildcards, 1)
    if not adversarial(wildcards):
        return start_inputs(first)
    found = start_inputs(first) | attack_tables(first)
    if STUDY.strategies[wildcards.strategy].start == "own":
        return found
    cell = cell_of(first)
    kept = {"moments": previous_model(STUDY, cell, 1, MOMENTS)} if moments_param(first) else {}
    return found | {"start": previous_model(STUDY, cell, 1), "ledger": first_ledger(cell)} | kept


def first_ledger(cell):
    """The attack on the base model that each trial's first round trains on: the study's own, or one of fewer texts."""
    if tuned_attacked(STUDY, cell) == attacked_train(STUDY, cell):
        return train_ledger(STUDY, cell, 1)
    return PATHS.tuning_ledger("ledger.parquet", 1, **coordinates(attacked_in_round(STUDY, cell, 1)))


def fewer_attacked(wildcards):
    return tuned_attacked(STUDY, cell_of(wildcards))


def tuned_rounds(wildcards):
    """Options and seeds of each round, as they would be without tuning."""
    cell = cell_of(tuned(wildcards))
    first = 1 if adversarial(wildcards) and STUDY.strategies[cell.strategy].start == "base" else 0
    rounds = range(first, min(last_round(STUDY, cell), TUNE.rounds or last_round(STUDY, cell)) + 1)
    return [
        {
            "number": k,
            "training": training_params(tuned(wildcards, k)),
            "seed": training_seed(tuned(wildcards, k)),
            "attack_seed": train_attack_seed(tuned(wildcards, k)),
        }
        for k in rounds
    ]


def tuned_setting(wildcards):
    """What a trial does, as far as the study decides it."""
    cell, attacks = cell_of(tuned(wildcards)), adversarial(wildcards)
    return {
        "network": network_of(cell),
        "keep": keep_param(wildcards),
        "freeze_embeddings": freeze_param(wildcards),
        "accumulate": rounds_of(STUDY, cell).accumulate,
        "moments": moments_param(tuned(wildcards)),
        "objective": objective_of_cell(cell) if attacks else {},  # as train_base has it
        "attack": attack_params(tuned(wildcards, 1)) if attacks else None,
        "attacked": tuned_attacked(STUDY, cell) if attacks else 0,
        "train_mode": victim_in_train_mode(wildcards),
        "examples": TUNE.examples if attacks else 0,
        "dev_seed": seeded("tune", wildcards.dataset),
        "robustness": TUNE.robustness if attacks else 0.0,
        "constant_share": STUDY.guards.constant_share,
        "workers": tuned_workers(wildcards),
    }


def tuned_present(wildcards):
    """The values that the study has now."""
    cell = cell_of(tuned(wildcards))
    return objective_of(STUDY, cell) | {
        "learning_rate": training_of(STUDY, cell, last_round(STUDY, cell)).learning_rate
    }


def tuned_spaces(wildcards):
    return searched(STUDY, wildcards.strategy)


def tuning_plugins(wildcards):
    attack = [("attacks", STUDY.attacks[TUNE.train_attack].recipe)] if TUNE.train_attack else []
    return [model_plugin(wildcards), objective_plugin(wildcards), *attack]


def plugins_of_tuning(wildcards):
    return brought(*tuning_plugins(wildcards))


def tune_code(wildcards):
    return code("tune.py", *tuning_plugins(wildcards))
