"""Learned importance of words, and of words against their synonyms (rule measure_importance)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from pathlib import Path

    from flat.analysis.importance import SCHEMA, SYNONYMS_SCHEMA, distances, importance, synonym_pairs
    from flat.attacks.lexicon.synonyms import load as load_space
    from flat.files.artefacts import read_json, read_table, write_table
    from flat.jobs.script import tensor_device
    from flat.models.checkpoint import load

    params, given, out = snakemake.params, snakemake.input, snakemake.output
    model = load(Path(given.model).parent, tensor_device(params.device, params.torch_threads))
    frame = importance(model, read_json(given.vocabulary), [read_table(path, ["swaps"]) for path in given.ledgers])
    pairs = synonym_pairs(frame["word"], load_space(params.space), params.words, params.synonyms, params.seed)
    write_table(out.importance, frame, SCHEMA)
    write_table(out.synonyms, distances(frame, pairs), SYNONYMS_SCHEMA)
    log.info("importance of %d words, %d synonym pairs", len(frame), len(pairs))
