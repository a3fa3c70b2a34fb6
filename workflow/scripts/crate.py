"""Describe the finished study as a Workflow Run RO-Crate (rule crate)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.provenance.crate.write import export
    from flat.study.load import parse

    log.info("%s", ", ".join(export(parse(snakemake.params.study))))
