"""Kendall's tau and top-k intersection of every cell of a data set and model (rule measure_consistency)."""

from flat.jobs.script import running

with running(snakemake) as log:
    import pandas as pd

    from flat.files.artefacts import read_table, write_table
    from flat.interpretation.consistency import SCHEMA, measure

    params, given = snakemake.params, snakemake.input
    frames = []
    for cell, attributions, own, shared in zip(
        params.cells, given.attributions, given.ledgers, given.shared, strict=True
    ):
        frame = measure(
            read_table(attributions),
            read_table(own),
            read_table(shared),
            strategy=cell["strategy"],
            train_attack=cell["train_attack"],
            attack=cell["attack"],
            seed=int(cell["seed"]),
            classes=params.classes,
        )
        frames.append(frame)
        log.info("%(strategy)s trained on %(train_attack)s under %(attack)s", cell)
    write_table(snakemake.output.consistency, pd.concat(frames, ignore_index=True), SCHEMA)
