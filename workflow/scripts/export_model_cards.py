"""Write a model card for every trained model (rule model_cards)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from pathlib import Path

    from flat.analysis.outcomes import Outcomes
    from flat.exports import model_cards
    from flat.files.artefacts import read_json, read_table
    from flat.study.grid import attacked_cells, trained_cells
    from flat.study.load import parse

    given, study = snakemake.input, parse(snakemake.params.study)
    outcomes = Outcomes(study, read_table(given.measurements))
    summaries = dict(zip(study.datasets, map(read_json, given.summaries), strict=True))
    frames = {name: read_table(given[name]) for name in ("intervals", "flags")}
    under = {}
    for attacked in attacked_cells(study):
        under.setdefault(attacked.cell, []).append(attacked.attack)
    files = zip(trained_cells(study), given.metrics, given.configs, snakemake.output.cards, strict=True)
    for cell, metrics, config, place in files:
        about = {"summary": summaries[cell.dataset], "metrics": read_json(metrics), "config": read_json(config)}
        model_cards.write(study, outcomes, cell, under.get(cell, []), about, frames, Path(place))
    log.info("%d cards", len(snakemake.output.cards))
