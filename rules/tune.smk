# Tuning: weights and learning rates of some cells, searched on dev. Not part of `all`; test is no input of it.


include: "inputs/tune.smk"


if TUNE is not None:

    rule search_weights:
        """Search beta, gamma and learning rate of one of the cells that the study's section tune names, on dev."""
        input:
            tuned_resources,
            unpack(tuned_inputs),
            train=PATHS.split("{dataset}", "train"),
            dev=PATHS.split("{dataset}", "dev"),
        output:
            trials=PATHS.search("trials.csv", **SEARCH),
        log:
            PATHS.log("search_weights", *SEARCH.values()),
        benchmark:
            PATHS.benchmark("search_weights", *SEARCH.values())
        wildcard_constraints:
            strategy=alternatives(TUNE.strategies),
        conda:
            "../envs/flat.yaml"
        threads: tuned_workers
        resources:
            gpu=gpus,
            mem_mb=memory,
            runtime=2880,
        params:
            own=tuned_own,
            setting=tuned_setting,
            rounds=tuned_rounds,
            spaces=tuned_spaces,
            present=tuned_present,
            trials=TUNE.trials,
            seed=seeded("tune", "search"),
            device=device,
            torch_threads=STUDY.torch_threads,
            plugins=plugins_of_tuning,
            code=tune_code,
        script:
            "../workflow/scripts/tune.py"

    use rule attack_train as attack_tuning with:
        input:
            attack_resources,
            unpack(attack_tables),
            model=victim_of_round,
            split_file=PATHS.split("{dataset}", "train"),
        output:
            ledger=PATHS.tuning_ledger("ledger.parquet", "{round}", **CELL),
            seconds=PATHS.tuning_ledger("seconds.parquet", "{round}", **CELL),
            lock=PATHS.tuning_ledger("lock.json", "{round}", **CELL),
        log:
            PATHS.log("attack_tuning", *CELL_FOLDERS, "round{round}"),
        benchmark:
            PATHS.benchmark("attack_tuning", *CELL_FOLDERS, "round{round}")
        threads: workers_of_attack
        resources:
            gpu=gpus,
            mem_mb=memory,
            runtime=2880,
        params:
            examples=fewer_attacked,
            shard=None,
            journal=PATHS.journal("attack_tuning", *CELL_FOLDERS, "round{round}"),

    rule join_searches:
        """Join what was chosen for each cell in an overlay of the study."""
        input:
            trials=[PATHS.search("trials.csv", **names) for names in SEARCHES],
        output:
            overlay=PATHS.tuning("overlay.yaml"),
        log:
            PATHS.log("join_searches"),
        benchmark:
            PATHS.benchmark("join_searches")
        localrule: True
        conda:
            "../envs/flat.yaml"
        params:
            cells=[coordinates(cell) for cell in TUNED],
            where=[tuned_where(STUDY, cell).model_dump(exclude_none=True) for cell in TUNED],
            overrides=[o.model_dump(mode="json", exclude_unset=True) for o in STUDY.overrides],
            before=[said.model_dump(mode="json") for said in STUDY.tuned or ()],
            code=code("join_searches.py"),
        script:
            "../workflow/scripts/join_searches.py"


rule tune:
    input:
        tuned_overlay,
