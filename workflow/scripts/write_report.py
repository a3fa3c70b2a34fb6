"""Write the report page and the study's passport (rule write_report)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from pathlib import Path

    from flat.files.artefacts import write_json, write_text
    from flat.provenance import records as lineage
    from flat.provenance.passport import study_passport
    from flat.report.build import tables_of
    from flat.report.figures.files import read
    from flat.report.page.claims import read as read_claims
    from flat.report.page.page import build
    from flat.study.grid import attacked_cells
    from flat.study.load import parse
    from flat.study.seed_groups import as_values, seed_groups

    params, given, out = snakemake.params, snakemake.input, snakemake.output
    study = parse(params.study)
    tables = tables_of(params.study, params.tables)
    figures = [read(Path(given.figures[0]).parent, number) for number in params.figures]
    passport = study_passport(
        params.study,
        locks=zip((a.attack for a in attacked_cells(study)), given.locks, strict=True),
        summaries=dict(zip(study.datasets, given.summaries, strict=True)),
        artefacts=[*given.tables, *given.figures, *given.claims],
        seed_groups=as_values(seed_groups(study)),
        plugins=params.plugins,
    )
    # with the study itself, so that its results can be opened without its file (flat.use)
    write_json(out.provenance, passport | lineage.summary(Path(out.report).parent) | {"settings": params.study})
    write_text(out.report, build(study, tables, figures, passport, read_claims(given.claims[0])))
    log.info("%d tables, %d figures", len(tables), len(figures))
