"""Make one table of the paper (rule make_table)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from pathlib import Path

    from flat.report.build import table_of
    from flat.report.tables.render import write
    from flat.study.paths import table_key

    table = table_of(table_key(snakemake.wildcards.table), snakemake.params.study, snakemake.input)
    write(table, Path(snakemake.output.csv).parent)
    log.info("%s: %s", table.name, table.title)
