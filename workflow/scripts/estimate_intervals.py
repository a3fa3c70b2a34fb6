"""Estimate the interval of each number measured under several seeds (rule estimate_intervals)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from threadpoolctl import threadpool_limits

    from flat.analysis.intervals import SCHEMA, estimate
    from flat.files.artefacts import read_table, write_table
    from flat.study.load import parse

    threadpool_limits(1)  # a job's cores must not change a sum
    intervals = estimate(parse(snakemake.params.study), read_table(snakemake.input.measurements))
    write_table(snakemake.output.intervals, intervals, SCHEMA)
    log.info("%d intervals", len(intervals))
