# Attacks: on the train split for the texts of a round, on the test split to measure robustness.


include: "inputs/attack.smk"


rule attack_train:
    """Attack train examples with the checkpoint of the round before: the adversarial texts of this round."""
    input:
        attack_resources,
        unpack(attack_tables),
        model=victim_of_round,
        split_file=PATHS.split("{dataset}", "train"),
        shards=shard_ledgers,
    output:
        ledger=PATHS.train_ledger("ledger.parquet", "{round}", **CELL),
        seconds=PATHS.train_ledger("seconds.parquet", "{round}", **CELL),
        lock=PATHS.train_ledger("lock.json", "{round}", **CELL),
    log:
        PATHS.log("attack_train", *CELL_FOLDERS, "round{round}"),
    benchmark:
        PATHS.benchmark("attack_train", *CELL_FOLDERS, "round{round}")
    wildcard_constraints:
        round=r"[1-9]\d*",
        train_attack=alternatives(STUDY.attacks),
    conda:
        "../envs/flat.yaml"
    threads: attack_workers
    resources:
        gpu=attack_gpus,
        mem_mb=memory,
        runtime=2880,
    params:
        attack=attack_params,
        own=own_of_attack,
        examples=attacked_of_round,
        train_mode=victim_in_train_mode,
        seed=train_attack_seed,
        shard=shard_of,
        journal=PATHS.journal("attack_train", *CELL_FOLDERS, "round{round}"),
        device=device,
        torch_threads=STUDY.torch_threads,
        plugins=plugins_of_attack,
        code=attack_code,
    script:
        "../workflow/scripts/attack.py"


use rule attack_train as attack_train_shard with:
    output:
        ledger=PATHS.train_ledger("shards/{shard}.parquet", "{round}", **CELL),
        seconds=PATHS.train_ledger("shards/{shard}.seconds.parquet", "{round}", **CELL),
        lock=PATHS.train_ledger("shards/{shard}.lock.json", "{round}", **CELL),
    log:
        PATHS.log("attack_train", *CELL_FOLDERS, "round{round}-shard{shard}"),
    benchmark:
        PATHS.benchmark("attack_train", *CELL_FOLDERS, "round{round}-shard{shard}")
    params:
        journal=PATHS.journal("attack_train", *CELL_FOLDERS, "round{round}-shard{shard}"),


rule attack_test:
    """Attack the data set's drawn test examples with a trained model (after-attack accuracy)."""
    input:
        attack_resources,
        unpack(attack_tables),
        model=tested_model,
        split_file=PATHS.split("{dataset}", "test"),
        examples=PATHS.data("{dataset}", "examples.json"),
        shards=shard_ledgers,
    output:
        ledger=PATHS.test_ledger("ledger.parquet", "{attack}", **CELL),
        seconds=PATHS.test_ledger("seconds.parquet", "{attack}", **CELL),
        lock=PATHS.test_ledger("lock.json", "{attack}", **CELL),
    log:
        PATHS.log("attack_test", *CELL_FOLDERS, "{attack}"),
    benchmark:
        PATHS.benchmark("attack_test", *CELL_FOLDERS, "{attack}")
    conda:
        "../envs/flat.yaml"
    threads: attack_workers
    resources:
        gpu=attack_gpus,
        mem_mb=memory,
        runtime=2880,
    params:
        attack=attack_params,
        own=own_of_attack,
        examples=attacked_of_test,
        seed=seeded("attack-test"),
        shard=shard_of,
        journal=PATHS.journal("attack_test", *CELL_FOLDERS, "{attack}"),
        device=device,
        torch_threads=STUDY.torch_threads,
        plugins=plugins_of_attack,
        code=attack_code,
    script:
        "../workflow/scripts/attack.py"


use rule attack_test as attack_test_shard with:
    output:
        ledger=PATHS.test_ledger("shards/{shard}.parquet", "{attack}", **CELL),
        seconds=PATHS.test_ledger("shards/{shard}.seconds.parquet", "{attack}", **CELL),
        lock=PATHS.test_ledger("shards/{shard}.lock.json", "{attack}", **CELL),
    log:
        PATHS.log("attack_test", *CELL_FOLDERS, "{attack}-shard{shard}"),
    benchmark:
        PATHS.benchmark("attack_test", *CELL_FOLDERS, "{attack}-shard{shard}")
    params:
        journal=PATHS.journal("attack_test", *CELL_FOLDERS, "{attack}-shard{shard}"),
