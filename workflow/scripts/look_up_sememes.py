"""WordNet's stand-in for HowNet's candidates, for the words of a data set (rule look_up_sememes)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.attacks.lexicon.sememes import build
    from flat.attacks.lexicon.wordnet_table import WordNet
    from flat.files.artefacts import read_table, write_json
    from flat.resources import locate

    texts = [text for path in snakemake.input.splits for text in read_table(path, ["text"])["text"]]
    train = read_table(snakemake.input.train, ["text"])["text"]
    bank = build(texts, train, WordNet(locate(snakemake.wildcards.resource)))
    write_json(snakemake.output.bank, bank)
    log.info("%d words with candidates", len(bank))
