"""Draw the test examples that are attacked and explained (rule draw_examples)."""

from flat.jobs.script import running

with running(snakemake) as log:
    from flat.attacks.examples import attacked_ids, draw_examples
    from flat.files.artefacts import read_table, write_json
    from flat.study.seeds import seed_of

    params = snakemake.params
    test = read_table(snakemake.input.test, ["example_id", "label"])
    attacked = draw_examples(test, params.attacked, seed_of(params.seed, "attacked"))
    pool = set(attacked)
    for size in params.draws:  # of the attacks whose adversarial texts are explained
        pool &= set(attacked_ids(test, attacked, size, params.attack_seed, snakemake.input.test))
    explained = draw_examples(test[test["example_id"].isin(pool)], params.explained, seed_of(params.seed, "explained"))
    write_json(snakemake.output.examples, {"attacked": {"test": attacked}, "explained": explained})
    log.info("of %d test examples %d are attacked, %d explained", len(test), len(attacked), len(explained))
