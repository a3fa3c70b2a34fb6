"""Write the study explorer (rule write_explorer)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from threadpoolctl import threadpool_limits

    from flat.files.artefacts import write_text
    from flat.report.explorer.content import content
    from flat.report.explorer.page import build
    from flat.study.load import parse

    threadpool_limits(1)  # a job's cores must not change a sum
    study = parse(snakemake.params.study)
    made = content(study, folder=snakemake.output.chunks)
    write_text(snakemake.output.explorer, build(study.title, made))
    if made.chunked:
        log.info("not all pairs fit: all of each cell lie in %s", snakemake.output.chunks)
    log.info("%.1f MB of numbers and pairs", made.size / 2**20)
