"""Attack a sub-sample of a ledger's examples at the temperature fitted on dev (rule attack_calibrated)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from pathlib import Path

    from flat.attacks.calibrated import attack_calibrated
    from flat.attacks.job import AttackJob
    from flat.jobs.script import tensor_device
    from flat.study.known.recipes import ROLES

    params, given = snakemake.params, snakemake.input
    job = AttackJob(
        model_folder=Path(given.model).parent,
        spec=params.attack,
        tables={role: Path(given[role]) for role in ROLES if given.get(role)},
        seed=params.seed,
        workers=params.workers,
        journal=Path(params.journal),
        device=tensor_device(params.device, params.torch_threads),
        code=params.code,
    )
    attack_calibrated(
        job,
        dict(snakemake.output.items()),
        dev=given.dev,
        test=given.test,
        attacked=given.attacked,
        examples=params.examples,
        draw_seed=params.draw_seed,
    )
