"""Attack the examples of a split with a model, or merge the shards of such an attack (rules attack_*)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.attacks.job import AttackJob, attack_split, merge_shards
    from flat.jobs.script import tensor_device

    params, given, outputs = snakemake.params, snakemake.input, dict(snakemake.output.items())
    drawn = {"split": given.split_file, "ids_file": given.get("examples"), "examples": params.get("examples")}
    if given.get("shards"):
        counts = merge_shards([str(path) for path in given.shards], outputs, **drawn, seed=params.seed)
    else:
        device = tensor_device(params.device, params.torch_threads)
        job = AttackJob.of(params, given, device, snakemake.threads)
        counts = attack_split(job, outputs, **drawn, shard=params.shard, train_mode=params.get("train_mode", False))
    log.info("attacked %(attacked)d: %(succeeded)d succeeded, %(failed)d failed, %(skipped)d skipped", vars(counts))
