# What the rules of tune.smk ask for: inputs and parameters, as functions of the study and of wildcards.

from snakemake.iocontainers import Wildcards
from flat.study.settings import searched

TUNE = STUDY.tune


def tuned(round=0):
    """The wildcards of the tuned cell, at a round."""
    seed = STUDY.seeds[0] if TUNE.seed is None else TUNE.seed
    names = ("dataset", "model", "strategy", "train_attack")
    cell = {name: getattr(TUNE, name) for name in names}
    return Wildcards(fromdict=cell | {"seed": str(seed), "round": str(round)})


def tuned_overlay(wildcards):
    """What `snakemake tune` makes.

    Raises:
        WorkflowError: the study names no cell to tune.
    """
    if TUNE is None:
        raise WorkflowError(
            "tune: the study names no cell to tune\n" "  remedy: give it a section tune (docs/study-file.md)"
        )
    return [PATHS.tuning("overlay.yaml")]


def tuned_resources(wildcards):
    return attack_resources(tuned(1))


def tuned_inputs(wildcards):
    """What the cell's first round reads, and the attack; a strategy that starts by itself has no base model."""
    first, cell = tuned(1), cell_of(tuned())
    found = start_inputs(first) | attack_tables(first)
    if STUDY.strategies[TUNE.strategy].start == "own":
        return found
    return found | {"start": previous_model(STUDY, cell, 1), "ledger": train_ledger(STUDY, cell, 1)}


def tuned_rounds(wildcards):
    """Options and seeds of each round, as they would be without tuning."""
    first = 0 if STUDY.strategies[TUNE.strategy].start == "own" else 1
    rounds = range(first, last_round(STUDY, cell_of(tuned())) + 1)
    return [
        {
            "number": k,
            "training": training_params(tuned(k)),
            "seed": training_seed(tuned(k)),
            "attack_seed": train_attack_seed(tuned(k)),
        }
        for k in rounds
    ]


def tuned_setting(wildcards):
    """What a trial does, as far as the study decides it."""
    cell = cell_of(tuned())
    return {
        "network": network_of(cell),
        "keep": keep_param(tuned()),
        "freeze_embeddings": freeze_param(tuned()),
        "accumulate": rounds_of(STUDY, cell).accumulate,
        "objective": objective_of(STUDY, cell),
        "attack": attack_params(tuned(1)),
        "attacked": attacked_train(STUDY, cell),
        "train_mode": victim_in_train_mode(tuned()),
        "examples": TUNE.examples,
        "dev_seed": seeded("tune", TUNE.dataset),
        "robustness": TUNE.robustness,
        "constant_share": STUDY.guards.constant_share,
        "workers": workers_of_attack(tuned(1)),
    }


def tuned_present(wildcards):
    """The values that the study has now."""
    cell = cell_of(tuned())
    return objective_of(STUDY, cell) | {"learning_rate": training_of(STUDY, cell, 1).learning_rate}


def tuned_cell(wildcards):
    return coordinates(cell_of(tuned()))


def tuned_memory(wildcards, attempt):
    return memory(tuned(), attempt)
