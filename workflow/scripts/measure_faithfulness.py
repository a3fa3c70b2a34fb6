"""What metrics of single explanations say of a cell's originals (rule measure_faithfulness)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from pathlib import Path

    from flat.files.artefacts import read_table, write_table
    from flat.interpretation.asking import COLUMNS, measure
    from flat.interpretation.faithfulness import SCHEMA
    from flat.jobs.script import tensor_device
    from flat.models.checkpoint import load

    params, given, cell = snakemake.params, snakemake.input, snakemake.wildcards
    frame = measure(
        read_table(given.attributions, COLUMNS),
        load(Path(given.model).parent, tensor_device(params.device, params.torch_threads)),
        params.metrics,
        strategy=cell.strategy,
        train_attack=cell.train_attack,
        attack=cell.attack,
        seed=int(cell.seed),
    )
    write_table(snakemake.output.faithfulness, frame, SCHEMA)
    log.info("%s of %d texts", ", ".join(params.metrics), frame["example_id"].nunique())
