# Transfer without attacks: the adversarial texts stored from each model, asked of every other model of the data set.


include: "inputs/replay.smk"


rule replay:
    """Ask a model the adversarial texts stored from every model of the transfer matrix, its own too."""
    input:
        model=tested_model,
        ledgers=replayed_ledgers,
    output:
        replay=PATHS.replay("{attack}", **CELL),
    log:
        PATHS.log("replay", *CELL_FOLDERS, "{attack}"),
    benchmark:
        PATHS.benchmark("replay", *CELL_FOLDERS, "{attack}")
    conda:
        "../envs/flat.yaml"
    threads: STUDY.torch_threads
    resources:
        gpu=gpus,
        mem_mb=memory,
        runtime=120,
    params:
        sources=replay_sources,
        device=device,
        torch_threads=STUDY.torch_threads,
        plugins=plugins_of_model,
        code=replay_code,
    script:
        "../workflow/scripts/replay.py"
