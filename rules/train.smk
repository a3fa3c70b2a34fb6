# Base models, and the rounds of adversarial training (adv) and FLAT: one trainer, driven by data.


include: "inputs/train.smk"


rule train_base:
    """Train a model on the original texts: round 0, where adv and FLAT start."""
    input:
        unpack(model_inputs),
        train=PATHS.split("{dataset}", "train"),
        dev=PATHS.split("{dataset}", "dev"),
        test=PATHS.split("{dataset}", "test"),
    output:
        **checkpoint_of(0, dict(CELL, strategy="base", train_attack="none")),
    log:
        PATHS.log("train_base", "{dataset}", "{model}", "seed{seed}"),
    benchmark:
        PATHS.benchmark("train_base", "{dataset}", "{model}", "seed{seed}")
    conda:
        "../envs/flat.yaml"
    threads: STUDY.torch_threads
    resources:
        gpu=gpus,
        mem_mb=memory,
        runtime=720,
    params:
        network=model_params,
        own=own_of_training,
        training=training_params,
        objective={},
        device=device,
        torch_threads=STUDY.torch_threads,
        seed=training_seed,
        journal=PATHS.journal("train_base", "{dataset}", "{model}", "seed{seed}", kind="safetensors"),
        plugins=plugins_of_training,
        code=train_code,
    script:
        "../workflow/scripts/train.py"


rule train_start:
    """Train a model with its strategy's own mask on the original texts: round 0 of strategies with start: own."""
    input:
        unpack(start_inputs),
        train=PATHS.split("{dataset}", "train"),
        dev=PATHS.split("{dataset}", "dev"),
        test=PATHS.split("{dataset}", "test"),
    output:
        **checkpoint_of(0, CELL),
    log:
        PATHS.log("train_start", *CELL_FOLDERS),
    benchmark:
        PATHS.benchmark("train_start", *CELL_FOLDERS)
    wildcard_constraints:
        strategy=alternatives(OWN_START),
    conda:
        "../envs/flat.yaml"
    threads: STUDY.torch_threads
    resources:
        gpu=gpus,
        mem_mb=memory,
        runtime=720,
    params:
        network=model_params,
        own=own_of_training,
        training=training_params,
        objective=objective_params,
        freeze_embeddings=freeze_param,
        device=device,
        torch_threads=STUDY.torch_threads,
        seed=training_seed,
        journal=PATHS.journal("train_start", *CELL_FOLDERS, kind="safetensors"),
        plugins=plugins_of_training,
        code=train_code,
    script:
        "../workflow/scripts/train.py"


rule train_round:
    """Train on the original texts and this round's adversarial texts (Eq. 3; Eq. 5 for adv)."""
    input:
        unpack(round_inputs),
        train=PATHS.split("{dataset}", "train"),
        dev=PATHS.split("{dataset}", "dev"),
        test=PATHS.split("{dataset}", "test"),
    output:
        **checkpoint_of("{round}", CELL),
    log:
        PATHS.log("train_round", *CELL_FOLDERS, "round{round}"),
    benchmark:
        PATHS.benchmark("train_round", *CELL_FOLDERS, "round{round}")
    wildcard_constraints:
        round=r"[1-9]\d*",
        train_attack=alternatives(STUDY.attacks),
    conda:
        "../envs/flat.yaml"
    threads: STUDY.torch_threads
    resources:
        gpu=gpus,
        mem_mb=memory,
        runtime=720,
    params:
        network=model_params,
        own=own_of_training,
        training=training_params,
        objective=objective_params,
        freeze_embeddings=freeze_param,
        keep=keep_param,
        device=device,
        torch_threads=STUDY.torch_threads,
        seed=training_seed,
        journal=PATHS.journal("train_round", *CELL_FOLDERS, "round{round}", kind="safetensors"),
        plugins=plugins_of_training,
        code=train_code,
    script:
        "../workflow/scripts/train.py"
