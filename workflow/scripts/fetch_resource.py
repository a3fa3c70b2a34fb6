"""Fetch one resource of the catalogue (rule fetch_resource)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.resources.fetch import fetch

    fetch([snakemake.wildcards.resource], mirror=snakemake.params.mirror)
    log.info("fetched and verified %s", snakemake.wildcards.resource)
