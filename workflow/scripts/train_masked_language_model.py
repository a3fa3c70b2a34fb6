"""Train a masked language model further on a data set's texts (rule train_masked_language_model)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from pathlib import Path

    import torch

    from flat.attacks.lexicon.masked_training import Options, train
    from flat.files.artefacts import read_table
    from flat.files.digests import checksums, digest_of
    from flat.jobs.script import tensor_device
    from flat.resources import locate
    from flat.resume.checkpoints import Checkpoints

    given, params = snakemake.input, snakemake.params
    tensor_device("cpu", params.torch_threads)
    about = [params.options, params.seed, params.code, torch.__version__, checksums(given)]
    checkpoints = Checkpoints(params.journal, digest_of(about))
    try:
        metrics = train(
            locate(snakemake.wildcards.resource),
            list(read_table(given.train, ["text"])["text"]),
            list(read_table(given.dev, ["text"])["text"]),
            params.seed,
            Path(snakemake.output.weights).parent,
            Options(**params.options),
            checkpoints,
        )
    finally:
        checkpoints.close()
    before, after = (100 * metrics[when]["masked_accuracy"] for when in ("before", "after"))
    log.info("words right at masks of the dev split: %.1f %% before, %.1f %% after", before, after)
