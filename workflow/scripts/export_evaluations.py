"""Write every attacked model's results as records of Every Eval Ever (rule evaluations)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from pathlib import Path

    from flat.analysis.outcomes import Outcomes
    from flat.exports import evaluations
    from flat.files.artefacts import read_json, read_table
    from flat.study.grid import attacked_cells
    from flat.study.load import parse

    given, study = snakemake.input, parse(snakemake.params.study)
    outcomes, passport = Outcomes(study, read_table(given.measurements)), read_json(given.passport)
    summaries = dict(zip(study.datasets, map(read_json, given.summaries), strict=True))
    lines = 0
    for attacked, place in zip(attacked_cells(study), snakemake.output.records, strict=True):
        summary = summaries[attacked.cell.dataset]
        lines += evaluations.write(study, outcomes, attacked, summary, passport, Path(place))
    log.info("%d records, %d lines of examples", len(snakemake.output.records), lines)
