"""Read, clean, split and check a data set (rule preprocess)."""

from flat.jobs.script import running

with running(snakemake) as log:
    import pyarrow as pa

    from flat.data.prepare import prepare
    from flat.data.vocabulary import save
    from flat.files.artefacts import write_json, write_table

    split = pa.schema(
        [("example_id", pa.string()), ("text", pa.string()), ("label", pa.int64()), ("words", pa.list_(pa.string()))]
    )
    options, out = snakemake.params.options, snakemake.output
    data = prepare(options, snakemake.wildcards.dataset, snakemake.params.seed, snakemake.params.mirror)
    for name in ("train", "dev", "test"):
        frame = getattr(data, name)
        write_table(out[name], frame, split)
        log.info("%s: %d examples", name, len(frame))
    save(out.vocabulary, *data.vocabulary)
    write_json(out.summary, data.summary)
