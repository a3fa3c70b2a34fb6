# What the rules of replay.smk ask for: inputs and parameters, as functions of the study and of wildcards.


def replayed_ledgers(wildcards):
    """The ledgers of every model of the transfer matrix, of the asked model's seed."""
    return [test_ledger(STUDY, a) for a in replayed_on(STUDY, cell_of(wildcards))]


def replay_sources(wildcards):
    return [coordinates(a.cell) for a in replayed_on(STUDY, cell_of(wildcards))]


def replay_code(wildcards):
    return code("replay.py", model_plugin(wildcards))
