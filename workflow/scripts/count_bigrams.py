"""Word pairs of a data set's training texts (rule count_bigrams)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.attacks.lexicon import bigrams
    from flat.files.artefacts import read_table

    table = bigrams.count(read_table(snakemake.input.train, ["text"])["text"])
    bigrams.save(snakemake.output.bigrams, table)
    log.info("%d words, %d different pairs", len(table.words), len(table.pairs))
