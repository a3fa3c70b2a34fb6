"""Describe the finished study as a Workflow Run RO-Crate (rule crate)."""

from flat.job import running

with running(snakemake) as log:
    from flat.crate.write import export
    from flat.study import parse

    log.info("%s", ", ".join(export(parse(snakemake.params.study))))
