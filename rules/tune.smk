# Tuning: weights and learning rate of one cell, searched on dev. Not part of `all`; test is no input of it.


include: "inputs/tune.smk"


if TUNE is not None:

    rule search_weights:
        """Search beta, gamma and learning rate of the cell that the study's section tune names, on dev."""
        input:
            tuned_resources,
            unpack(tuned_inputs),
            train=PATHS.split(TUNE.dataset, "train"),
            dev=PATHS.split(TUNE.dataset, "dev"),
        output:
            overlay=PATHS.tuning("overlay.yaml"),
            trials=PATHS.tuning("trials.csv"),
        log:
            PATHS.log("search_weights"),
        benchmark:
            PATHS.benchmark("search_weights")
        conda:
            "../envs/flat.yaml"
        threads: workers_of_attack(tuned(1))
        resources:
            gpu=gpus(tuned()),
            mem_mb=tuned_memory,
            runtime=2880,
        params:
            cell=tuned_cell,
            own=own_encoder(tuned()) | own_of_attack(tuned(1)),
            setting=tuned_setting,
            rounds=tuned_rounds,
            ranges=searched(STUDY),
            present=tuned_present,
            trials=TUNE.trials,
            overrides=[o.model_dump(mode="json", exclude_unset=True) for o in STUDY.overrides],
            seed=seeded("tune", "search"),
            device=device(tuned()),
            torch_threads=STUDY.torch_threads,
            code=code("tune.py"),
        script:
            "../workflow/scripts/tune.py"


rule tune:
    input:
        tuned_overlay,
