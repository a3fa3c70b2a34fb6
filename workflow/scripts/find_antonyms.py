"""Words that attacks replaced by their opposite, in every ledger that is judged (rule find_antonyms)."""

from flat.jobs.script import running

with running(snakemake) as log:
    import pandas as pd

    from flat.analysis.antonyms import SCHEMA, Antonyms
    from flat.attacks.lexicon.wordnet_table import WordNet
    from flat.files.artefacts import read_table, write_table
    from flat.resources import locate

    params = snakemake.params
    antonyms = Antonyms(WordNet(locate(params.wordnet)).reader)
    rows, pairs = [], 0
    for cell, path in zip(params.attacked, snakemake.input.ledgers, strict=True):
        ledger = read_table(path, ["example_id", "status", "swaps"])
        won = ledger[ledger["status"] == "succeeded"]
        pairs += len(won)
        for example, swaps in zip(won["example_id"], won["swaps"], strict=True):
            found = antonyms.among(swaps)
            if found:
                rows.append({**cell, "seed": int(cell["seed"]), "example_id": example, "antonyms": found})
    frame = pd.DataFrame(rows, columns=SCHEMA.names)
    write_table(snakemake.output.antonyms, frame.sort_values(SCHEMA.names[:-1], ignore_index=True), SCHEMA)
    log.info("%d of %d adversarial texts hold an antonym", len(rows), pairs)
