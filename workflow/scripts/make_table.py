"""Make one table of the paper (rule make_table)."""

from flat.job import running

with running(snakemake) as log:
    from pathlib import Path

    from flat.paths import table_key
    from flat.report.inputs import table_of
    from flat.report.render import write

    table = table_of(table_key(snakemake.wildcards.table), snakemake.params.study, snakemake.input)
    write(table, Path(snakemake.output.csv).parent)
    log.info("%s: %s", table.name, table.title)
