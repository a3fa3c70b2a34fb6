"""``flat run``: Snakemake, told in a line a job."""
