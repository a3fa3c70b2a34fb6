"""Write the Croissant metadata of every prepared data set (rule croissant)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from pathlib import Path

    from flat.exports import croissant
    from flat.files.artefacts import read_json
    from flat.study.load import parse

    given, study = snakemake.input, parse(snakemake.params.study)
    passport = read_json(given.passport)
    for dataset, summary, place in zip(study.datasets, given.summaries, snakemake.output.metadata, strict=True):
        croissant.write(study, dataset, read_json(summary), passport, Path(place))
    log.info("%d data sets", len(study.datasets))
