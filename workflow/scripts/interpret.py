"""Explain a cell's texts and their adversarial counterparts (rules interpret_ig, interpret_lime)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from pathlib import Path

    from flat.files.artefacts import read_json, read_table, write_table
    from flat.interpretation.attributions import SCHEMA, explain_cell
    from flat.interpretation.pairs import LEDGER_COLUMNS
    from flat.jobs.script import tensor_device
    from flat.models.checkpoint import load

    params, given = snakemake.params, snakemake.input
    own = read_table(given.own, LEDGER_COLUMNS)
    frame = explain_cell(
        params.method,
        load(Path(given.model).parent, tensor_device(params.device, params.torch_threads)),
        own,
        own if given.shared == given.own else read_table(given.shared, LEDGER_COLUMNS),
        explained=None if params.everything else read_json(given.examples)["explained"],
        options=params.options,
        classes=params.classes,
        seed=params.seed,
        journal=params.journal,
        code=params.code,
    )
    write_table(snakemake.output.attributions, frame, SCHEMA)
    log.info("%s of %d texts, %d rankings", params.method, frame["words"].map(tuple).nunique(), len(frame))
