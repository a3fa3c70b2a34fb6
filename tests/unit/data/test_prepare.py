"""From files to prepared splits: what is read, what is kept, what the summary says."""

import json
from pathlib import Path

import pandas as pd
import pytest

from flat.data.cleaning import clean
from flat.data.prepare import prepare
from flat.files.digests import sha256_of

REVIEWS = Path(__file__).parents[2] / "data" / "reviews.csv"


def options(**changes):
    return {
        "source": {
            "kind": "files",
            "train": str(REVIEWS),
            "text": "review",
            "label": "verdict",
            "labels": {"bad": "negative", "good": "positive"},
        },
        "classes": ["negative", "positive"],
        "splits": {"dev": 8, "test": 0.2},
        "max_length": 10,
    } | changes


def texts_of(data):
    return [dict(zip(f["example_id"], f["text"], strict=True)) for f in (data.train, data.dev, data.test)]


def test_a_csv_file_becomes_three_splits():
    data = prepare(options(), "reviews", 1)
    assert [len(f) for f in (data.train, data.dev, data.test)] == [24, 8, 8]
    for frame in (data.train, data.dev, data.test):
        assert list(frame.columns) == ["example_id", "text", "label", "words"]
        assert frame["label"].mean() == 0.5
        assert [" ".join(words) for words in frame["words"]] == frame["text"].tolist()
    everything = {name: text for part in texts_of(data) for name, text in part.items()}
    assert len(everything) == 40
    assert everything["train-000003"] == "dull from the first scene to the last , and far too long"
    raw = pd.read_csv(REVIEWS)
    assert sorted(everything.values()) == sorted(map(clean, raw["review"]))


def test_the_summary_counts_what_was_read():
    data = prepare(options(vocabulary={"min_count": 2, "over": ["train", "dev"]}), "reviews", 1)
    summary = json.loads(json.dumps(data.summary))  # plain data only
    words, counts = data.vocabulary
    assert summary["sizes"] == {"train": 24, "dev": 8, "test": 8}
    assert summary["splits"]["test"]["per_class"] == {"negative": 4, "positive": 4}
    lengths = [len(w) for frame in (data.train, data.dev, data.test) for w in frame["words"]]
    assert summary["mean_words"] == pytest.approx(sum(lengths) / 40)
    assert summary["splits"]["train"]["longest"] == max(map(len, data.train["words"]))
    assert summary["splits"]["train"]["longer_than_max_length"] == sum(len(w) > 10 for w in data.train["words"])
    assert summary["vocabulary_size"] == len(words)
    assert summary["min_count"] == 2
    assert min(counts[2:]) == 2
    assert counts[2:] == [
        sum(w.count(word) for frame in (data.train, data.dev) for w in frame["words"]) for word in words[2:]
    ]
    known = [word in words for w in data.test["words"] for word in w]
    assert summary["unknown_share"]["test"] == pytest.approx(1 - sum(known) / len(known))
    assert summary["source"]["files"]["train"]["sha256"] == sha256_of(REVIEWS)


def test_the_seed_and_the_name_decide_the_draw():
    first, again = prepare(options(), "reviews", 1), prepare(options(), "reviews", 1)
    assert texts_of(first) == texts_of(again)
    assert texts_of(first) != texts_of(prepare(options(), "reviews", 2))
    assert texts_of(first) != texts_of(prepare(options(), "others", 1))


def test_shuffled_rows_give_the_same_texts_in_each_split(tmp_path):
    rows = pd.read_csv(REVIEWS).sample(frac=1, random_state=0)
    rows.to_csv(tmp_path / "shuffled.csv", index=False)
    shuffled = prepare(options(source=options()["source"] | {"train": str(tmp_path / "shuffled.csv")}), "reviews", 1)
    for one, other in zip(texts_of(prepare(options(), "reviews", 1)), texts_of(shuffled), strict=True):
        assert sorted(one.values()) == sorted(other.values())


@pytest.mark.parametrize("kind", ["tsv", "jsonl", "parquet"])
def test_every_kind_of_file_gives_the_same_data(tmp_path, kind):
    rows, path = pd.read_csv(REVIEWS), tmp_path / f"reviews.{kind}"
    if kind == "tsv":
        path.write_text("\n".join("\t".join(map(str, row)) for row in [rows.columns, *rows.values.tolist()]))
    elif kind == "jsonl":
        rows.to_json(path, orient="records", lines=True, force_ascii=False)
    else:
        rows.to_parquet(path)
    data = prepare(options(source=options()["source"] | {"train": str(path)}), "reviews", 1)
    assert texts_of(data) == texts_of(prepare(options(), "reviews", 1))


def test_quotation_marks_belong_to_the_text_of_a_tsv_file(tmp_path):
    lines = ['text\tlabel\n"open quote\t0\nplain\t1\n'] + [f"text {i}\t{i % 2}\n" for i in range(8)]
    (tmp_path / "x.tsv").write_text("".join(lines))
    source = {"kind": "files", "train": str(tmp_path / "x.tsv"), "text": "text", "label": "label"}
    data = prepare(options(source=source, cleaning={"style": "none"}, splits={"dev": 2, "test": 2}), "x", 1)
    assert sum(len(f) for f in (data.train, data.dev, data.test)) == 10


def test_words_that_mean_missing_elsewhere_are_texts_here(tmp_path):
    rows = "".join(f"{text},{i % 2}\n" for i, text in enumerate(["NA", "null", "None", "nan", *"abcdefgh"]))
    (tmp_path / "x.csv").write_text("text,label\n" + rows)
    source = {"kind": "files", "train": str(tmp_path / "x.csv"), "text": "text", "label": "label"}
    data = prepare(options(source=source, splits={"dev": 2, "test": 2}), "x", 1)
    texts = {text for part in texts_of(data) for text in part.values()}
    assert {"na", "null", "none", "nan"} <= texts


@pytest.mark.parametrize("labels", [["negative", "positive"], ["0", "1"], [0, 1], [0.0, 1.0]])
def test_labels_by_name_or_number(tmp_path, labels):
    frame = pd.DataFrame({"text": [f"text {i}" for i in range(20)], "label": labels * 10})
    frame.to_parquet(tmp_path / "x.parquet")
    source = {"kind": "files", "train": str(tmp_path / "x.parquet"), "text": "text", "label": "label"}
    data = prepare(options(source=source, splits={"dev": 4, "test": 4}), "x", 1)
    for frame in (data.train, data.dev, data.test):
        odd = frame["text"].str.split(" ").str[1].astype(int) % 2
        assert frame["label"].tolist() == odd.tolist()


def test_text_out_of_two_columns_and_ids_of_the_user(tmp_path):
    rows = [{"head": f"Title {i}", "body": "It's so.", "label": i % 2 + 1, "key": f"k{i}"} for i in range(12)]
    pd.DataFrame(rows).to_json(tmp_path / "x.jsonl", orient="records", lines=True)
    source = {"kind": "files", "train": str(tmp_path / "x.jsonl"), "text": ["head", "body"], "label": "label"}
    source |= {"id": "key", "labels": {"1": "negative", "2": "positive"}}
    data = prepare(options(source=source, splits={"dev": 2, "test": 2}), "x", 1)
    everything = {name: text for part in texts_of(data) for name, text in part.items()}
    assert everything["train-k3"] == "title 3 it 's so"


def test_repeated_texts_are_dropped_on_demand_and_counted(tmp_path):
    rows = "".join(f"text {i},{i % 2}\n" for i in range(12)) + "Text 3!,1\nText 4.,1\n"
    (tmp_path / "x.csv").write_text("text,label\n" + rows)
    source = {"kind": "files", "train": str(tmp_path / "x.csv"), "text": "text", "label": "label"}
    wanted = options(source=source, cleaning={"style": "alphanumeric"}, splits={"dev": 2, "test": 2}, max_overlap=1)
    kept = prepare(wanted | {"duplicates": "keep"}, "x", 1)
    assert sum(kept.summary["sizes"].values()) == 14
    assert kept.summary["dropped"] == {}
    dropped = prepare(wanted | {"duplicates": "drop"}, "x", 1)
    assert sum(dropped.summary["sizes"].values()) == 12
    assert dropped.summary["dropped"] == {"train: repeated texts": 1, "train: repeated texts with another label": 1}
    everything = pd.concat([dropped.train, dropped.dev, dropped.test])
    assert everything.loc[everything["text"] == "text 4", "label"].tolist() == [0]  # the first one stays


def test_masked_unknown_words_stand_in_dev_and_test_only():
    data = prepare(options(cleaning={"mask_unknown": True}), "reviews", 1)
    plain = prepare(options(), "reviews", 1)
    known = set(data.vocabulary[0])
    assert data.vocabulary == plain.vocabulary
    assert texts_of(data)[0] == texts_of(plain)[0]
    for masked, whole in ((data.dev, plain.dev), (data.test, plain.test)):
        for ours, theirs in zip(masked["words"], whole["words"], strict=True):
            assert ours == [word if word in known else "<unk>" for word in theirs]
    assert data.summary["unknown_share"] == plain.summary["unknown_share"]
    assert 0.1 < data.summary["unknown_share"]["test"] < 0.9
