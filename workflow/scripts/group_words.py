"""Groups of similar words that share a mask (rule group_words; Table 10)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.attacks.lexicon.synonyms import groups, load
    from flat.data.vocabulary import load as load_vocabulary
    from flat.files.artefacts import write_json

    words, _ = load_vocabulary(snakemake.input.vocabulary)
    number = int(snakemake.wildcards.groups)
    group_of = groups(words, number, snakemake.params.seed, space=load(snakemake.params.space))
    write_json(snakemake.output.groups, {"groups": [int(g) for g in group_of]})
    log.info("%d words in %d groups, %d outside the space", len(words), number, int((group_of == number).sum()))
