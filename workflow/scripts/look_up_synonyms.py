"""WordNet's synonyms of a data set's words (rule look_up_synonyms)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.attacks.lexicon.wordnet_table import build
    from flat.files.artefacts import read_table, write_json
    from flat.resources import locate

    texts = [text for path in snakemake.input.splits for text in read_table(path, ["words"])["words"]]
    table = build({word for text in texts for word in text}, locate(snakemake.params.wordnet))
    write_json(snakemake.output.table, table)
    log.info("%d words with synonyms", len(table))
