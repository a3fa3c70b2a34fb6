"""Draw one figure of the paper (rule draw_figure)."""

from flat.job import running

with running(snakemake) as log:
    from pathlib import Path

    from flat.paths import figure_key
    from flat.report.figures import write
    from flat.report.inputs import drawing_of

    drawing = drawing_of(
        figure_key(snakemake.wildcards.figure), snakemake.params.study, snakemake.input, snakemake.params.cells
    )
    write(drawing, Path(snakemake.output.csv).parent)
    log.info("figure %s: %s", drawing.number, drawing.title)
