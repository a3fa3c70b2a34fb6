"""The pretrained vectors of a vocabulary's words (rule look_up_vectors)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from safetensors.numpy import save_file

    from flat.data.vectors import load_vectors
    from flat.data.vocabulary import load
    from flat.files.artefacts import atomic

    words, _ = load(snakemake.input.vocabulary)
    matrix, found = load_vectors(snakemake.params.source, words, seed=snakemake.params.seed)
    with atomic(snakemake.output.vectors) as part:
        save_file({"vectors": matrix}, part)
    log.info("%d of %d words have a vector in %s", found.sum(), len(words), snakemake.params.source)
