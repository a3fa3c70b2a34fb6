"""Word pairs of a data set's training texts (rule count_bigrams)."""

from flat.job import running

with running(snakemake) as log:
    from flat.artefacts import read_table
    from flat.attacks import bigrams

    table = bigrams.count(read_table(snakemake.input.train, ["text"])["text"])
    bigrams.save(snakemake.output.bigrams, table)
    log.info("%d words, %d different pairs", len(table.words), len(table.pairs))
