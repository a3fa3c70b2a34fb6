"""Judge what the paper and the study claim (rule judge_claims)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from collections import Counter

    from threadpoolctl import threadpool_limits

    from flat.analysis.claims import rows as claim_rows
    from flat.analysis.claims.judge import judge_study
    from flat.analysis.claims.own import claims_of
    from flat.files.artefacts import read_table, write_csv
    from flat.paper import printed as paper
    from flat.report.build import PAPER
    from flat.study.load import parse

    threadpool_limits(1)  # a job's cores must not change a sum
    params, given, out = snakemake.params, snakemake.input, snakemake.output
    study = parse(params.study)
    flags = read_table(given.flags) if given.get("flags") else None
    found = claims_of(study, given.claims)
    judged = judge_study(study, found, read_table(given.measurements), paper.load(PAPER), flags=flags)
    write_csv(out.claims, claim_rows.claim_rows(judged, study), claim_rows.CLAIM_COLUMNS)
    write_csv(out.cells, claim_rows.cell_rows(judged), claim_rows.CELL_COLUMNS)
    log.info("%s", ", ".join(f"{n} {verdict}" for verdict, n in Counter(item.verdict for item in judged).items()))
