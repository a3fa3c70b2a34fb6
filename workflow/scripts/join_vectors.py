"""Vectors of a vocabulary's words, joined from several encoders of words (rule join_vectors)."""

from flat.jobs.script import running

with running(snakemake) as log:
    import numpy as np
    from safetensors.numpy import save_file

    from flat.attacks.lexicon.synonym_space.vectors import all_views, meta_vectors
    from flat.data.vectors import completed, size_of
    from flat.data.vocabulary import load
    from flat.files.artefacts import atomic
    from flat.resources import locate
    from flat.resources.catalogue import load_catalogue

    params = snakemake.params
    words, _ = load(snakemake.input.vocabulary)
    first = 2  # behind padding and the unknown word
    views = all_views({name: locate(name) for name in params.parts}, words[first:], log.info)
    dimensions = load_catalogue()[snakemake.wildcards.resource].dimensions
    matrix = np.zeros((len(words), dimensions), dtype=np.float32)
    matrix[first:] = meta_vectors(views, dimensions)
    found = np.arange(len(words)) >= first
    matrix = completed(matrix, found, words, params.seed, params.size)
    with atomic(snakemake.output.vectors) as part:
        save_file({"vectors": matrix}, part)
    log.info("%d words; entries are about %.2f", len(words) - first, size_of(matrix, found))
