"""Train one round of a model (rules train_base, train_start, train_round)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.jobs.script import tensor_device
    from flat.training.rounds import run

    params, given = snakemake.params, snakemake.input
    outcome = run(
        splits={name: given[name] for name in ("train", "dev", "test")},
        network=params.network,
        inputs={
            name: given.get(name) for name in ("vocabulary", "vectors", "groups", "encoder", "previous", "moments")
        },
        ledgers=list(given.get("ledgers", [])),
        keep=params.get("keep", "successful"),
        training=params.training,
        objective=params.objective,
        freeze_embeddings=params.get("freeze_embeddings", False),
        seed=params.seed,
        device=tensor_device(params.device, params.torch_threads),
        outputs=dict(snakemake.output.items()),
        journal=params.journal,
        code=params.code,
    )
    done = f"kept epoch {outcome.best_epoch}" if outcome.best_epoch else "a black box, not trained"
    log.info("%s: dev accuracy %.2f %%", done, 100 * outcome.dev_accuracy)
