"""Search a cell's weights and learning rate on dev (rule search_weights)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from pathlib import Path

    from flat.files.artefacts import write_text
    from flat.jobs.script import tensor_device
    from flat.study.known.recipes import ROLES
    from flat.tuning import overlay, trial
    from flat.tuning.search import best_of, identity, search

    params, given, out = snakemake.params, snakemake.input, snakemake.output
    setting = trial.Setting(
        splits={name: given[name] for name in ("train", "dev")},
        inputs={name: given.get(name) for name in ("vocabulary", "vectors", "groups", "encoder")},
        start=given.get("start"),
        first_ledger=given.get("ledger"),
        rounds=[trial.RoundSetting(**chosen) for chosen in params.rounds],
        tables={role: Path(given[role]) for role in ROLES if given.get(role)},
        device=tensor_device(params.device, params.torch_threads),
        **params.setting,
    )
    beside = Path(out.trials)  # what a killed search leaves is no output: Snakemake would delete it
    trials = search(
        lambda values: trial.run(values, setting, beside.with_name("trial")),
        params.spaces,
        params.present,
        params.trials,
        beside.with_name("optuna.journal"),
        identity([params.setting, params.rounds, params.spaces, params.code], sorted(map(str, given))),
        params.seed,
    )
    spent = {name: getattr(setting, name) for name in ("attacked", "examples", "robustness")}
    spent |= {"rounds": setting.rounds[-1].number, "attacked": "all" if setting.attacked is None else setting.attacked}
    write_text(out.trials, overlay.to_csv(trials, spent))
    log.info("best of %d trials: %s", len(trials), best_of(trials))
