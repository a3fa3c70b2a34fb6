"""Draw one figure of the paper (rule draw_figure)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from pathlib import Path

    from flat.report.build import drawing_of
    from flat.report.figures.style import write
    from flat.study.paths import figure_key

    drawing = drawing_of(
        figure_key(snakemake.wildcards.figure), snakemake.params.study, snakemake.input, snakemake.params.cells
    )
    write(drawing, Path(snakemake.output.csv).parent)
    log.info("figure %s: %s", drawing.number, drawing.title)
