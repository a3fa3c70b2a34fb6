"""Compare every result with its record (rule verify)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.errors import ArtefactError
    from flat.provenance.verify import verify

    findings, compared = verify(snakemake.params.root)
    for finding in findings:
        print(finding)
    if findings:
        raise ArtefactError(snakemake.params.root, f"{len(findings)} findings, printed above", "see each one's remedy")
    print(f"{snakemake.params.root}: {compared} files compared, all as recorded")
