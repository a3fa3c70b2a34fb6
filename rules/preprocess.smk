# From a source of texts to cleaned, split and checked data, its vocabulary and its lexical tables.


include: "inputs/preprocess.smk"


rule preprocess:
    """Read, clean, split and check a data set (Tables 1 and 6)."""
    input:
        source_files,
    output:
        train=PATHS.split("{dataset}", "train"),
        dev=PATHS.split("{dataset}", "dev"),
        test=PATHS.split("{dataset}", "test"),
        summary=PATHS.data("{dataset}", "summary.json"),
        vocabulary=PATHS.data("{dataset}", "vocabulary.json"),
    log:
        PATHS.log("preprocess", "{dataset}"),
    benchmark:
        PATHS.benchmark("preprocess", "{dataset}")
    conda:
        "../envs/flat.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        options=dataset_options,
        own=own_data,
        mirror=STUDY.mirror,
        seed=seeded("data"),
        plugins=plugins_of_source,
        code=source_code,
    script:
        "../workflow/scripts/preprocess.py"


rule draw_examples:
    """Draw, once per data set, the test examples that every model is attacked on and explained for."""
    input:
        test=PATHS.split("{dataset}", "test"),
    output:
        examples=PATHS.data("{dataset}", "examples.json"),
    log:
        PATHS.log("draw_examples", "{dataset}"),
    benchmark:
        PATHS.benchmark("draw_examples", "{dataset}")
    localrule: True
    conda:
        "../envs/flat.yaml"
    params:
        attacked=lookup(within=STUDY_VALUES, dpath="datasets/{dataset}/attacked_test"),
        explained=lookup(within=STUDY_VALUES, dpath="datasets/{dataset}/explained"),
        draws=draws_of_explained,
        attack_seed=seeded("attack-test"),
        seed=seeded("examples"),
        code=code("draw_examples.py"),
    script:
        "../workflow/scripts/draw_examples.py"


rule look_up_vectors:
    """The pretrained vectors of a data set's words."""
    input:
        resource=vectors_resource,
        vocabulary=PATHS.data("{dataset}", "vocabulary.json"),
    output:
        vectors=PATHS.data("{dataset}", "vectors-{resource}-{size}.safetensors"),
    log:
        PATHS.log("look_up_vectors", "{dataset}", "{resource}-{size}"),
    benchmark:
        PATHS.benchmark("look_up_vectors", "{dataset}", "{resource}-{size}")
    wildcard_constraints:
        resource=alternatives(LOOKED_UP),
    conda:
        "../envs/flat.yaml"
    resources:
        mem_mb=8000,
        runtime=60,
    params:
        source=labelled,
        own=own_vectors,
        size=vectors_size,
        seed=seeded("vectors"),
        code=code("look_up_vectors.py"),
    script:
        "../workflow/scripts/look_up_vectors.py"


rule join_vectors:
    """Vectors of a data set's words from several encoders of words: their first principal components."""
    input:
        unpack(joined_resources),
        vocabulary=PATHS.data("{dataset}", "vocabulary.json"),
    output:
        vectors=PATHS.data("{dataset}", "vectors-{resource}-{size}.safetensors"),
    log:
        PATHS.log("join_vectors", "{dataset}", "{resource}-{size}"),
    benchmark:
        PATHS.benchmark("join_vectors", "{dataset}", "{resource}-{size}")
    wildcard_constraints:
        resource=alternatives(JOINED),
    conda:
        "../envs/flat.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        parts=lambda wildcards: parts_of(wildcards.resource),
        size=vectors_size,
        seed=seeded("vectors"),
        code=code("join_vectors.py"),
    script:
        "../workflow/scripts/join_vectors.py"


rule look_up_synonyms:
    """WordNet's synonyms of a data set's words: asked once, instead of in each PWWS job."""
    input:
        splits=[PATHS.split("{dataset}", split) for split in ("train", "test")],
        wordnet=wordnet_resource,
    output:
        table=PATHS.data("{dataset}", "wordnet.json"),
    log:
        PATHS.log("look_up_synonyms", "{dataset}"),
    benchmark:
        PATHS.benchmark("look_up_synonyms", "{dataset}")
    conda:
        "../envs/flat.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        wordnet=WORDNET,
        own=own(WORDNET),
        code=code("look_up_synonyms.py"),
    script:
        "../workflow/scripts/look_up_synonyms.py"


rule look_up_sememes:
    """WordNet's stand-in for HowNet's candidates, for a data set's words (PSO)."""
    input:
        splits=[PATHS.split("{dataset}", split) for split in ("train", "test")],
        train=PATHS.split("{dataset}", "train"),
        wordnet=named_resource,
    output:
        bank=PATHS.data("{dataset}", "sememes-{resource}.json"),
    log:
        PATHS.log("look_up_sememes", "{dataset}", "{resource}"),
    benchmark:
        PATHS.benchmark("look_up_sememes", "{dataset}", "{resource}")
    conda:
        "../envs/flat.yaml"
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        code=code("look_up_sememes.py"),
    script:
        "../workflow/scripts/look_up_sememes.py"


rule count_bigrams:
    """Word pairs of a data set's training texts: the language model that Gene asks (bigrams@train)."""
    input:
        train=PATHS.split("{dataset}", "train"),
    output:
        bigrams=PATHS.data("{dataset}", "bigrams.npz"),
    log:
        PATHS.log("count_bigrams", "{dataset}"),
    benchmark:
        PATHS.benchmark("count_bigrams", "{dataset}")
    conda:
        "../envs/flat.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        code=code("count_bigrams.py"),
    script:
        "../workflow/scripts/count_bigrams.py"


rule train_masked_language_model:
    """A masked language model, trained further on a data set's training texts (NAME@train: CLARE and BAE)."""
    input:
        train=PATHS.split("{dataset}", "train"),
        dev=PATHS.split("{dataset}", "dev"),
        source=named_resource,
    output:
        **masked_language_model_files(),
    log:
        PATHS.log("train_masked_language_model", "{dataset}", "{resource}"),
    benchmark:
        PATHS.benchmark("train_masked_language_model", "{dataset}", "{resource}")
    conda:
        "../envs/flat.yaml"
    threads: STUDY.torch_threads
    resources:
        mem_mb=memory,
        runtime=240,
    params:
        torch_threads=STUDY.torch_threads,
        options=STUDY.masked_training.model_dump(),
        seed=seeded("masked-language-model"),
        journal=PATHS.journal("train_masked_language_model", "{dataset}", "{resource}", kind="safetensors"),
        code=code("train_masked_language_model.py"),
    script:
        "../workflow/scripts/train_masked_language_model.py"


rule group_words:
    """Groups of similar words that share a mask (Table 10)."""
    input:
        vocabulary=PATHS.data("{dataset}", "vocabulary.json"),
        space=synonyms_resource,
    output:
        groups=PATHS.data("{dataset}", "groups{groups}.json"),
    log:
        PATHS.log("group_words", "{dataset}", "{groups}"),
    benchmark:
        PATHS.benchmark("group_words", "{dataset}", "{groups}")
    conda:
        "../envs/flat.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        space=SYNONYM_SPACE,
        own=own(SYNONYM_SPACE),
        seed=seeded("groups"),
        code=code("group_words.py"),
    script:
        "../workflow/scripts/group_words.py"
