"""Kendall's tau, top-k intersection and the study's metrics of pairs, of every cell of a data set and model
(rule measure_consistency).
"""

from flat.jobs.script import running

with running(snakemake) as log:
    from functools import cache

    import pandas as pd

    from flat.files.artefacts import read_table, write_table
    from flat.interpretation.consistency import measure, schema
    from flat.interpretation.pairs import LEDGER_COLUMNS

    params, given = snakemake.params, snakemake.input
    ledger = cache(lambda path: read_table(path, LEDGER_COLUMNS))  # a base model's serves all strategies
    further = params.get("metrics") or {}
    frames = []
    for cell, attributions, own, shared in zip(
        params.cells, given.attributions, given.ledgers, given.shared, strict=True
    ):
        frame = measure(
            read_table(attributions),
            ledger(own),
            ledger(shared),
            strategy=cell["strategy"],
            train_attack=cell["train_attack"],
            attack=cell["attack"],
            seed=int(cell["seed"]),
            classes=params.classes,
            further=further,
        )
        frames.append(frame)
        log.info("%(strategy)s trained on %(train_attack)s under %(attack)s", cell)
    write_table(snakemake.output.consistency, pd.concat(frames, ignore_index=True), schema(further))
