"""Attack a sub-sample of a ledger's examples at the temperature fitted on dev (rule attack_calibrated)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.attacks.calibrated import attack_calibrated
    from flat.attacks.job import AttackJob
    from flat.jobs.script import tensor_device

    params, given = snakemake.params, snakemake.input
    attack_calibrated(
        AttackJob.of(params, given, tensor_device(params.device, params.torch_threads), snakemake.threads),
        dict(snakemake.output.items()),
        dev=given.dev,
        test=given.test,
        attacked=given.attacked,
        examples=params.examples,
        draw_seed=params.draw_seed,
    )
