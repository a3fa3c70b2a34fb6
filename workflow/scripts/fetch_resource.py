"""Fetch one resource of the catalogue (rule fetch_resource)."""

from flat.job import running
from flat.resources.fetch import fetch

with running(snakemake) as log:
    fetch([snakemake.wildcards.resource], mirror=snakemake.params.mirror)
    log.info("fetched and verified %s", snakemake.wildcards.resource)
