# Lexical assets and checkpoints. `make setup` has brought the package-shipped ones; the rest is fetched here, once.


include: "inputs/resources.smk"


rule fetch_resource:
    """Download a resource, verify its checksum, and note where it came from (config/resources.yaml)."""
    output:
        marker=marker_pattern(),
    log:
        PATHS.log("fetch_resource", "{resource}"),
    localrule: True
    conda:
        "../envs/flat.yaml"
    resources:
        runtime=240,
    params:
        mirror=STUDY.mirror,
    script:
        "../workflow/scripts/fetch_resource.py"
