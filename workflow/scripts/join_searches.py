"""Join what was chosen for each cell in an overlay of the study (rule join_searches)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.files.artefacts import write_text
    from flat.tuning import overlay

    params, path = snakemake.params, snakemake.output.overlay
    tables = list(snakemake.input.trials)
    joined = overlay.overlay_of(tables, params.cells, params.where, params.overrides, params.before)
    write_text(path, overlay.to_yaml(joined, path))
    log.info("%d cells", len(params.cells))
