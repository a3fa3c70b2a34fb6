# Guards: attacks at the fitted temperature, what is refused or flagged, and how valid adversarial texts are.


include: "inputs/guards.smk"


rule attack_calibrated:
    """Attack a sub-sample of a model's attacked examples again, at the temperature fitted on dev."""
    input:
        attack_resources,
        unpack(attack_tables),
        model=tested_model,
        dev=PATHS.split("{dataset}", "dev"),
        test=PATHS.split("{dataset}", "test"),
        attacked=PATHS.test_ledger("ledger.parquet", "{attack}", **CELL),
    output:
        ledger=PATHS.calibrated("ledger.parquet", "{attack}", **CELL),
        lock=PATHS.calibrated("lock.json", "{attack}", **CELL),
        calibration=PATHS.calibrated("calibration.json", "{attack}", **CELL),
    log:
        PATHS.log("attack_calibrated", *CELL_FOLDERS, "{attack}"),
    benchmark:
        PATHS.benchmark("attack_calibrated", *CELL_FOLDERS, "{attack}")
    conda:
        "../envs/flat.yaml"
    threads: workers_of_attack
    resources:
        gpu=gpus,
        mem_mb=memory,
        runtime=1440,
    params:
        attack=attack_params,
        own=own_of_attack,
        examples=getattr(STUDY.guards.calibration, "examples", 0),
        draw_seed=seeded("calibration"),
        seed=seeded("attack-test"),
        journal=PATHS.journal("attack_calibrated", *CELL_FOLDERS, "{attack}"),
        device=device,
        torch_threads=STUDY.torch_threads,
        plugins=plugins_of_attack,
        code=calibrated_code,
    script:
        "../workflow/scripts/attack_calibrated.py"


rule check_guards:
    """Refuse ledgers that cannot be what they say, flag doubtful cells: no number is reported before."""
    input:
        **GUARDED_FILES,
    output:
        flags=PATHS.top("flags.parquet"),
        measured=PATHS.top("guards.parquet"),
    log:
        PATHS.log("check_guards"),
    benchmark:
        PATHS.benchmark("check_guards")
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        attacked=GUARDED_ATTACKS,
        groups=COMPARED,
        drawn={d: PATHS.data(d, "examples.json") for d in GUARDED_DATASETS},
        splits=GUARDED_SPLITS,
        limits=STUDY.guards.model_dump(exclude={"calibration"}),
        code=code("check_guards.py"),
    script:
        "../workflow/scripts/check_guards.py"


rule find_antonyms:
    """Substitutions of a word by its opposite, among all adversarial texts that are judged (WordNet)."""
    input:
        wordnet=antonyms_resource,
        ledgers=[test_ledger(STUDY, a) for a in CHECKED],
    output:
        antonyms=PATHS.validity("antonyms.parquet"),
    log:
        PATHS.log("find_antonyms"),
    benchmark:
        PATHS.benchmark("find_antonyms")
    conda:
        "../envs/flat.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        wordnet=ANTONYMS_FROM,
        own=own(ANTONYMS_FROM),
        attacked=[coordinates(a.cell) | {"attack": a.attack} for a in CHECKED],
        code=code("find_antonyms.py"),
    script:
        "../workflow/scripts/find_antonyms.py"


rule measure_validity:
    """How far adversarial texts are from their originals: words changed, similarity, grammar errors made."""
    input:
        validity_resources,
        ledgers=checked_ledgers,
    output:
        validity=PATHS.validity("{dataset}.parquet"),
    log:
        PATHS.log("measure_validity", "{dataset}"),
    benchmark:
        PATHS.benchmark("measure_validity", "{dataset}")
    conda:
        "../envs/flat.yaml"
    resources:
        mem_mb=4000,
        runtime=720,
    params:
        resources=VALIDITY_RESOURCES,
        own=own(*VALIDITY_RESOURCES.values()),
        attacked=checked_coordinates,
        code=code("measure_validity.py"),
    script:
        "../workflow/scripts/measure_validity.py"
