"""Recount every ledger and gather every measured number in one table (rule collect_measurements)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.analysis.measurements import SCHEMA, CellFiles, collect, completeness_row, consistency_rows
    from flat.files.artefacts import read_table, write_table
    from flat.interpretation.consistency import summarise
    from flat.study.cells import cell_at

    params, given = snakemake.params, snakemake.input
    rounds, files = {}, {}
    for coordinates, metrics in zip(params.trained, given.metrics, strict=True):
        cell = cell_at(coordinates)
        rounds[cell] = coordinates["round"]
        files[cell] = CellFiles(coordinates["round"], metrics, {}, coordinates["vocabulary"])
    for coordinates, ledger in zip(params.attacked, given.ledgers, strict=True):
        files[cell_at(coordinates)].ledgers[coordinates["attack"]] = ledger
    rows = []
    for path in given.consistency:
        method, dataset, model, _ = path.split("/")[-4:]
        rows += consistency_rows(summarise(read_table(path)), dataset, model, method, rounds.__getitem__)
    for coordinates, path in zip(params.explained, given.gradients, strict=True):
        cell, attributions = cell_at(coordinates), read_table(path, ["completeness"])
        rows.append(completeness_row(cell, rounds[cell], coordinates["attack"], attributions, params.tolerance))
    measurements = collect(sorted(files.items()), consistency=rows)
    write_table(snakemake.output.measurements, measurements, SCHEMA)
    log.info("%d measurements of %d models under %d attacks", len(measurements), len(files), len(given.ledgers))
