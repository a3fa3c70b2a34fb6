"""The pretrained vectors of a vocabulary's words (rule look_up_vectors)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from safetensors.numpy import save_file

    from flat.data.vectors import REFERENCE_SIZE, load_vectors, size_of
    from flat.data.vocabulary import load
    from flat.files.artefacts import atomic

    params = snakemake.params
    words, _ = load(snakemake.input.vocabulary)
    matrix, found = load_vectors(params.source, words, seed=params.seed, size=params.size)
    with atomic(snakemake.output.vectors) as part:
        save_file({"vectors": matrix}, part)
    size = size_of(matrix, found)
    log.info(
        "%d of %d words have a vector in %s; its entries are about %.2f", found.sum(), len(words), params.source, size
    )
    if not REFERENCE_SIZE / 2 <= size <= 2 * REFERENCE_SIZE:
        log.warning(
            "the vectors of %s have entries of about %.2f, word2vec's %.2f: the published learning rates do not fit; "
            "set vectors_size: %s in the model",
            *(params.source, size, REFERENCE_SIZE, REFERENCE_SIZE),
        )
