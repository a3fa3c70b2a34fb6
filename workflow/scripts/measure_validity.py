"""Similarity of adversarial texts and their originals, grammar errors made, by data set (rule measure_validity)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.analysis.grammar import checker
    from flat.analysis.validity import LEDGER_COLUMNS, SCHEMA, measure
    from flat.attacks.lexicon.resources import AttackResources
    from flat.files.artefacts import read_table, write_table

    params = snakemake.params
    resources = AttackResources(params.resources)
    ledgers = [
        (cell, read_table(path, LEDGER_COLUMNS))
        for cell, path in zip(params.attacked, snakemake.input.ledgers, strict=True)
    ]
    frame = measure(
        ledgers,
        space=resources.synonyms.table if "synonyms" in params.resources else None,
        encode=resources.sentence_encoder if "sentence_encoder" in params.resources else None,
        grammar=checker(),
    )
    for role in sorted({"synonyms", "sentence_encoder"} - set(params.resources)):
        log.warning("no attack names a resource for %s: what it judges is “not run” in the table of validity", role)
    write_table(snakemake.output.validity, frame, SCHEMA)
    log.info("%d adversarial texts of %d ledgers", int((frame["status"] == "succeeded").sum()), len(ledgers))
