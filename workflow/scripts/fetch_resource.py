"""Fetch one resource of the catalogue (rule fetch_resource)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.resources.catalogue import load_catalogue
    from flat.resources.fetch import fetch
    from flat.resources.pins import to_pin
    from flat.resources.places import folder_of

    name = snakemake.wildcards.resource
    fetch([name], mirror=snakemake.params.mirror)
    log.info("fetched and verified %s", name)
    if line := to_pin(load_catalogue()[name], folder_of(name)):
        log.info(line)
