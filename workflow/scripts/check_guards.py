"""Refuse what cannot be what it says, flag what is doubtful, measure what it is judged by (rule check_guards)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.analysis.guards.flags import FLAGS_SCHEMA
    from flat.analysis.guards.run import AttackFiles, RoundFiles, run
    from flat.analysis.measurements import SCHEMA
    from flat.files.artefacts import write_table
    from flat.study.cells import AttackedCell, cell_at
    from flat.study.guards import Guards

    params, out = snakemake.params, snakemake.output
    attacked = {
        AttackedCell(cell_at(item), item["attack"]): AttackFiles(
            item["round"], item["ledger"], item["lock"], item["examples"], item["vocabulary"], item["recheck"]
        )
        for item in params.attacked
    }
    rounds = {
        cell_at(item): [RoundFiles(r["metrics"], r["ledgers"], r["locks"]) for r in item["rounds"]]
        for group in params.groups
        for item in group
    }
    flags, measured = run(
        attacked,
        params.drawn,
        params.splits,
        [[cell_at(item) for item in group] for group in params.groups],
        rounds,
        Guards(**params.limits),
    )
    write_table(out.flags, flags, FLAGS_SCHEMA)
    write_table(out.measured, measured, SCHEMA)
    for row in flags.itertuples():
        log.info("%s: %s/%s/%s %s %s", row.flag, row.dataset, row.model, row.strategy, row.attack, row.detail)
    log.info("%d attacked cells, %d flags", len(attacked), len(flags))
