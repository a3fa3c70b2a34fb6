"""Recount every ledger and gather every measured number in one table (rule collect_measurements)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.analysis import measurements as measured
    from flat.files.artefacts import read_table, write_table
    from flat.interpretation import faithfulness
    from flat.interpretation.consistency import summarise
    from flat.study.cells import cell_at

    params, given = snakemake.params, snakemake.input
    files = {}
    for coordinates, metrics in zip(params.trained, given.metrics, strict=True):
        round_, vocabulary = coordinates["round"], coordinates["vocabulary"]
        files[cell_at(coordinates)] = measured.CellFiles(round_, metrics, {}, vocabulary)
    for coordinates, ledger in zip(params.attacked, given.ledgers, strict=True):
        files[cell_at(coordinates)].ledgers[coordinates["attack"]] = ledger
    rows = []
    for about, path in zip(params.consistency, given.consistency, strict=True):
        rows += measured.consistency_rows(summarise(read_table(path)), **about, round_of=lambda c: files[c].round)
    for coordinates, path in zip(params.explained, given.gradients, strict=True):
        cell, attributions = cell_at(coordinates), read_table(path, ["completeness"])
        values = measured.completeness(attributions, params.tolerance)
        rows += measured.rows_of(cell, files[cell].round, coordinates["attack"], values)
    for about, path in zip(params.get("faithful") or (), given.faithfulness, strict=True):
        cell, found = cell_at(about), faithfulness.summarise(read_table(path))
        rows += measured.faithfulness_rows(found, cell, files[cell].round, about["attack"], about["method"])
    measurements = measured.collect(sorted(files.items()), rows)
    write_table(snakemake.output.measurements, measurements, measured.SCHEMA)
    log.info("%d measurements of %d models under %d attacks", len(measurements), len(files), len(given.ledgers))
