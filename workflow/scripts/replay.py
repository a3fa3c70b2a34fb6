"""Ask a model the adversarial texts stored from every model of the transfer matrix (rule replay)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from pathlib import Path

    from flat.analysis.replay import LEDGER_COLUMNS, SCHEMA, replay
    from flat.files.artefacts import read_table, write_table
    from flat.jobs.script import tensor_device
    from flat.models.checkpoint import load
    from flat.study.cells import cell_at

    params, given = snakemake.params, snakemake.input
    ledgers = {
        cell_at(source): read_table(path, LEDGER_COLUMNS)
        for source, path in zip(params.sources, given.ledgers, strict=True)
    }
    model = load(Path(given.model).parent, tensor_device(params.device, params.torch_threads))
    frame = replay(model, cell_at(dict(snakemake.wildcards.items())), ledgers)
    write_table(snakemake.output.replay, frame, SCHEMA)
    log.info("%d texts of %d models, %d read right", len(frame), len(ledgers), int(frame["correct"].sum()))
