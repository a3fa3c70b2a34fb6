"""``flat new``: what it finds in files, what it refuses, and that the study it writes is one."""

import json
import subprocess
import sys

import pytest
import strangers
import yaml
from own_texts import EMPTY, LONG, REPEATED, TORN, mails, write_csv
from typer.testing import CliRunner

from flat.command.app import app
from flat.command.new.sizes import candidates
from flat.command.new.text import flow, plain
from flat.data.prepare import prepare
from flat.data.survey import rare, survey
from flat.errors import DataError, FlatError, StudyError
from flat.study.load import load


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder, in which the command is given."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def new(*words: str) -> str:
    """What ``flat new words`` prints; an error of the input is raised as ``main`` would tell it."""
    done = CliRunner().invoke(app, ["new", *words])
    if isinstance(done.exception, FlatError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_it_says_what_it_found_and_writes_a_study_that_loads(folder):
    write_csv(folder / "mails.csv", mails(240))
    said = new("--csv", "mails.csv", "--attacks", "pwws")
    assert "240 rows" in said and "column body" in said
    assert "column topic, 3 classes: complaint (80), praise (" in said  # one row was given another's topic
    assert f"1 × empty text: row {EMPTY + 1}; left out" in said
    assert f"1 × repeated text: row {REPEATED + 1}; left out" in said
    assert f"2 × one text with several labels: rows {TORN}, {TORN + 1}" in said
    assert f"row {LONG + 1}" in said.split("more than")[1]
    assert "flat run mails.yaml" in said and "flat status mails.yaml" in said
    study = load("mails.yaml")
    dataset = study.datasets["mails"]
    assert dataset.classes == ["complaint", "praise", "question"]
    assert (dataset.empty, dataset.duplicates) == ("drop", "drop")
    assert dataset.cleaning.max_words == dataset.max_length < 100  # one text of hundreds of words is cut
    assert list(study.models) == ["CNN"] and study.models["CNN"].vectors == "glove-6b-50d"
    assert list(study.strategies) == ["base", "adv", "FLAT"] and list(study.attacks) == ["pwws"]
    text = (folder / "mails.yaml").read_text()
    assert 40 <= len(text.splitlines()) <= 60 and text.count("#") >= 10


STRANGERS = {
    "sms.csv": (strangers.sms, [], "message", "kind", ["ham", "spam"]),
    "news.csv": (strangers.news, ["--label", "Section"], "Headline", "Section", sorted(strangers.NEWS)),
    "questions.tsv": (strangers.questions, [], "question", "expects", sorted(strangers.QUESTIONS)),
}


@pytest.mark.parametrize("file", STRANGERS)
def test_strangers_files_give_a_study_without_an_edit(folder, file):
    write, words, text, label, classes = STRANGERS[file]
    write(folder / file)
    said = new("--csv", file, *words)
    assert f"column {text}\n" in said and f"column {label}, {len(classes)} classes: " in said
    assert ("signs that are dropped: £ " in said) == (file == "sms.csv")  # it has prices and emoji
    name = file.partition(".")[0]
    study = load(f"{name}.yaml")
    assert study.datasets[name].classes == classes
    prepared = prepare(study.datasets[name].model_dump(), name, study.seed).summary
    assert all(count for split in prepared["splits"].values() for count in split["per_class"].values())


def test_two_columns_that_may_be_the_label_are_shown(folder):
    strangers.news(folder / "news.csv")
    with pytest.raises(DataError, match="several columns may be the label: Section, paper"):
        new("--csv", "news.csv")


def test_what_it_writes_is_what_the_job_reads(folder):
    write_csv(folder / "mails.csv", mails(240))
    new("--csv", "mails.csv")
    study = load("mails.yaml")
    summary = prepare(study.datasets["mails"].model_dump(), "mails", study.seed).summary
    assert sum(summary["sizes"].values()) == 240 - 3  # empty, repeated, and a second label
    assert all(count for split in summary["splits"].values() for count in split["per_class"].values())


def test_a_study_is_not_written_over_unless_asked(folder):
    write_csv(folder / "mails.csv", mails(90))
    new("--csv", "mails.csv")
    before = (folder / "mails.yaml").read_text()
    with pytest.raises(StudyError, match=r"mails.yaml: it is there already"):
        new("--csv", "mails.csv", "--models", "lstm")
    assert (folder / "mails.yaml").read_text() == before
    new("--csv", "mails.csv", "--models", "lstm", "--force")
    assert list(load("mails.yaml").models) == ["LSTM"]


def test_columns_are_named_where_it_is_not_clear(folder):
    rows = [
        {"head": row["body"], "tail": f"{row['body']} is what you wrote", "topic": row["topic"], "year": "2026"}
        for row in mails(90, odd=False)
    ]
    write_csv(folder / "mails.csv", rows)
    with pytest.raises(DataError, match=r"several columns may be the text: head, tail\n.*say --text") as refused:
        new("--csv", "mails.csv", "--label", "topic")
    assert "year: 1 different values, such as '2026'" in str(refused.value)
    new("--csv", "mails.csv", "--text", "head", "--text", "tail", "--label", "topic")
    assert load("mails.yaml").datasets["mails"].source.text == ["head", "tail"]
    with pytest.raises(DataError, match="no column 'subject'"):
        new("--csv", "mails.csv", "--text", "subject", "--force")
    assert not (folder / "subject.yaml").exists()


def test_a_usual_name_decides_between_two_columns(folder):
    rows = [row | {"label": row["topic"]} for row in mails(90, odd=False)]
    write_csv(folder / "mails.csv", rows)
    assert survey({"train": folder / "mails.csv"}).label == "label"


@pytest.mark.parametrize("kind", ["tsv", "jsonl", "parquet"])
def test_other_kinds_of_files(folder, kind):
    rows = mails(90, odd=False)
    path = folder / f"mails.{kind}"
    if kind == "tsv":
        path.write_text("\n".join("\t".join(row) for row in [list(rows[0]), *(list(row.values()) for row in rows)]))
    elif kind == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    else:
        import pandas as pd

        pd.DataFrame(rows).to_parquet(path)
    new("--csv", path.name)
    assert load("mails.yaml").datasets["mails"].source.train == path.name


def test_numbers_that_a_parquet_file_names(folder):
    """Numbers without a row keep their places: the study maps each number that there is."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = mails(90, odd=False)
    names = ["complaint", "spam", "praise", "question"]  # no spam in the file
    table = pa.table({"text": [row["body"] for row in rows], "label": [names.index(row["topic"]) for row in rows]})
    about = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
    pq.write_table(table.replace_schema_metadata({"huggingface": json.dumps(about)}), folder / "mails.parquet")
    new("--csv", "mails.parquet")
    study = load("mails.yaml")
    assert study.datasets["mails"].classes == ["complaint", "praise", "question"]
    prepared = prepare(study.datasets["mails"].model_dump(), "mails", study.seed)
    asked = prepared.train.loc[prepared.train["text"].str.startswith("when will"), "label"]
    assert len(asked) and set(asked) == {2}


def test_splits_of_their_own(folder):
    for name, rows, seed in (("train", 120, 1), ("test", 30, 2)):
        write_csv(folder / f"{name}.csv", mails(rows, seed=seed, odd=False))
    new("--train", "train.csv", "--test", "test.csv", "--name", "mine")
    dataset = load("mine.yaml").datasets["mine"]
    assert (dataset.source.train, dataset.source.test) == ("train.csv", "test.csv")
    assert dataset.splits.test is None and dataset.splits.dev == 12


def test_texts_of_train_in_test_are_told_of_by_the_key_that_allows_them(folder):
    rows = mails(120, odd=False)
    write_csv(folder / "train.csv", rows)
    write_csv(
        folder / "test.csv", mails(30, seed=7, odd=False) + [row | {"body": row["body"] + " !"} for row in rows[:6]]
    )
    new("--train", "train.csv", "--test", "test.csv", "--name", "mine")
    assert load("mine.yaml").datasets["mine"].max_overlap >= 6 / 36


def test_a_file_of_another_folder_and_odd_names(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    write_csv(other / "my mails: v2.csv", mails(90, odd=False))
    new("--csv", str(other / "my mails: v2.csv"))
    study = load("my-mails-v2.yaml")
    assert study.datasets["my-mails-v2"].source.train == str(other / "my mails: v2.csv")
    (folder / "config").mkdir()
    new("--csv", str(other / "my mails: v2.csv"), "--name", "mine")
    assert load("config/mine.yaml").title == "my mails: v2"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[3].update(topic=""), "row 4: column 'topic' is empty"),
        (
            lambda rows: rows[0].update(topic="rare one"),
            "rare one has 1 row, and each of train, dev and test needs one",
        ),
        (lambda rows: [row.update(topic="one") for row in rows], "no column looks like the label"),
    ],
)
def test_what_no_study_can_use_is_refused(folder, change, said):
    rows = [{"body": row["body"], "topic": row["topic"]} for row in mails(60, odd=False)]
    change(rows)
    write_csv(folder / "mails.csv", rows)
    with pytest.raises(DataError, match=said):
        new("--csv", "mails.csv")
    assert not list(folder.glob("*.yaml"))


def test_other_separators_and_headers_are_refused(folder):
    (folder / "a.csv").write_text("text|label\nsome words here|x\n")
    with pytest.raises(DataError, match="separated by bars, not by commas"):
        new("--csv", "a.csv")
    lines = [f"{row['body'].replace(',', '')},{row['topic']}" for row in mails(60, odd=False)]
    (folder / "b.csv").write_text("\n".join(lines))
    with pytest.raises(DataError, match="looks like an example, not like a header"):
        new("--csv", "b.csv")
    with pytest.raises(DataError, match="no such file"):
        new("--csv", "c.csv")


def test_one_label_and_names_that_are_none(folder):
    rows = [row | {"topic": "one"} for row in mails(60, odd=False)]
    write_csv(folder / "mails.csv", rows)
    with pytest.raises(DataError, match="all rows have the label 'one'"):
        new("--csv", "mails.csv", "--label", "topic")
    with pytest.raises(StudyError, match="--name: my study: no name of a study"):
        new("--csv", "mails.csv", "--name", "my study")
    assert not list(folder.glob("*.yaml"))


def test_names_of_models_and_attacks(folder):
    write_csv(folder / "mails.csv", mails(90, odd=False))
    with pytest.raises(StudyError, match=r"--models: cnnn: there is no such one\n.*name some of cnn, lstm"):
        new("--csv", "mails.csv", "--models", "cnnn")
    with pytest.raises(StudyError, match="--attacks: bae"):
        new("--csv", "mails.csv", "--attacks", "bae")
    with pytest.raises(FlatError, match=r"./my-encoder: a study names it as a resource, but there is no such folder"):
        new("--csv", "mails.csv", "--models", "./my-encoder")
    (folder / "my-encoder").mkdir()
    sizes = {"num_hidden_layers": 1, "hidden_size": 8, "intermediate_size": 16, "vocab_size": 100}
    (folder / "my-encoder/config.json").write_text(json.dumps(sizes))
    new("--csv", "mails.csv", "--models", "cnn,lstm,tiny,./my-encoder", "--attacks", "textfooler")
    study = load("mails.yaml")
    assert list(study.models) == ["CNN", "LSTM", "Tiny", "my-encoder"]
    assert study.models["my-encoder"].checkpoint == "./my-encoder"


def test_more_minutes_attack_more_texts(folder):
    write_csv(folder / "mails.csv", mails(600))
    attacked = []
    for minutes in ("0.5", "20"):
        new("--csv", "mails.csv", "--minutes", minutes, "--force", "--models", "cnn,lstm,tiny")
        attacked.append(load("mails.yaml").datasets["mails"].attacked_train)
    assert attacked[0] < attacked[1]


def test_rarest_class_is_in_each_split(folder):
    rows = mails(300, odd=False)
    for row in [row for row in rows if row["topic"] == "praise"][4:]:
        row["topic"] = "complaint"
    found = survey({"train": write_csv(folder / "mails.csv", rows)})
    assert rare(found.classes) == ["praise"]
    sizes = next(iter(candidates(found, "mails.csv")))
    assert sizes.splits["dev"] >= 300 / 4 <= sizes.splits["test"]
    assert "rare: praise (4)" in new("--csv", "mails.csv")


def test_texts_of_other_alphabets_keep_their_characters(folder):
    rows = [{"body": f"очень хороший товар номер {n}", "topic": "да" if n % 2 else "нет"} for n in range(60)]
    write_csv(folder / "mails.csv", rows)
    assert "every character is kept" in new("--csv", "mails.csv")
    dataset = load("mails.yaml").datasets["mails"]
    assert dataset.cleaning.style == "none" and dataset.classes == ["да", "нет"]


@pytest.mark.parametrize("value", ["yes", "1", "1.0", "a: b", "null", "[x]", "it's", " x", "#1", "", "é", "-", "x, y"])
def test_values_are_read_as_they_were(value):
    assert yaml.safe_load(plain(value)) == value
    assert yaml.safe_load(flow({"a": [value, "b"], "n": 1})) == {"a": [value, "b"], "n": 1}


def test_the_list_of_commands_is_quick_and_imports_nothing_heavy():
    code = "import sys, flat.command.app; print(*({'torch', 'pandas', 'numpy', 'pydantic', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
