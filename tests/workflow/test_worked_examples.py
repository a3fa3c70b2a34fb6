"""The worked examples of docs/ are carried out in copies of the finished tiny study, each number counted again."""

import json

import pandas as pd
import pytest
import worked_examples as examples
import yaml

from tests.workflow.carried_out import DOCS, RESULTS, TRAINED, Copy, carried_out

pytestmark = pytest.mark.workflow


def schema_of(copy: Copy) -> dict:
    """The schema that the page's commands wrote, which must be that of the copy's study."""
    written = json.loads((copy.folder / "config/schema/study.json").read_text())
    made = copy.ask("import json; from flat.study.json_schema import schema; print(json.dumps(schema()))")
    assert written == made
    return written["$defs"]


def failed_percent(ledger: pd.DataFrame) -> float:
    return 100 * ledger["status"].eq("failed").mean()


# --- the pages


@pytest.fixture
def carry_out(finished, resources, tmp_path):
    return lambda name: carried_out(name, finished, resources, tmp_path / name)


def test_a_claim(carry_out):
    copy = carry_out("add-a-claim")
    claim = copy.table("claims.csv").set_index("claim").loc["transfer-adv-above-base"]
    by_hand = failed_percent(copy.ledger("adv", "pwws")) - failed_percent(copy.ledger("base", "pwws"))
    assert float(claim["value"]) == pytest.approx(by_hand, abs=1e-6)
    printed = pd.read_csv(copy.folder / "config/paper/table4_transfer.csv").pivot(
        index=["model", "test_attack"], columns="strategy", values="after_attack_accuracy_pct"
    )
    assert (printed["adv"] > printed["base"]).sum() == int(claim["printed_wins"]) == 17
    assert len(copy.table("claim_cells.csv").query("claim == 'transfer-adv-above-base'")) == 24
    words = yaml.safe_load((copy.folder / "config/claims.yaml").read_text())["claims"]
    assert claim["statement"] == next(w["statement"] for w in words if w["name"] == "transfer-adv-above-base")


def test_a_column(carry_out):
    copy = carry_out("add-a-column")
    table = copy.table("tables/table3.csv").query("metric == 'mean_queries' and dataset == 'sst2'")
    for strategy in TRAINED:
        ledger = copy.ledger(strategy)
        row = table.query(f"strategy == '{strategy}' and attack == 'textfooler' and model == 'CNN'").iloc[0]
        mean = ledger.loc[ledger["status"] != "skipped", "queries"].mean()
        assert float(row["ours"]) == pytest.approx(mean, abs=1e-6)
        failed, asked = ledger["status"].eq("failed").sum(), ledger["status"].ne("skipped").sum()
        assert f"CNN-{strategy} | {failed}/{len(ledger)}ᶜ" in (shown := text_of(copy, "tables/table3.md"))
        assert f"| {mean:.1f}ᶜ n {asked} (–) |" in shown
    assert text_of(copy, "tables/table3.tex").count("queries") >= 1


def text_of(copy: Copy, path: str) -> str:
    return (copy.folder / RESULTS / path).read_text()


def test_a_guard(carry_out):
    copy = carry_out("add-a-guard")
    assert schema_of(copy)["Guards"]["properties"]["cut_short_share"]["default"] == 0.5
    measured = copy.table("guards.parquet").query("metric == 'cut_short_percent'")
    assert set(measured["attack"]) == {"pwws"}  # the only attack with a budget
    for strategy in ("base", "adv"):
        failed = copy.ledger(strategy, "pwws").query("status == 'failed'")
        row = measured.query(f"strategy == '{strategy}'").iloc[0]
        assert len(failed) and (row["value"], row["n"]) == (100 * (failed["queries"] >= 60).mean(), len(failed))
    assert "cut short %" in (shown := text_of(copy, "tables/guards.md")) and "Flagged cut short" in shown


def test_a_study_key(carry_out):
    copy = carry_out("add-a-study-key")
    assert "min_words" in schema_of(copy)["Dataset"]["properties"]
    splits = pd.concat(copy.table(f"data/sst2/{split}.parquet") for split in ("train", "dev", "test"))
    assert splits["words"].str.len().min() == 10 and len(splits) == 1500
    texts = copy.ask(
        "import json; from flat.data.cleaning import cleaner; from flat.data.package_sources import read\n"
        "clean = cleaner({'style': 'sst', 'lower': True, 'strip_html': True})\n"
        "frames = read('rotten-tomatoes').splits\n"
        "print(json.dumps({name: [len(clean(t).split()) for t in f['text']] for name, f in frames.items()}))"
    )
    dropped = json.loads(text_of(copy, "data/sst2/summary.json"))["dropped"]
    for split, lengths in texts.items():
        assert dropped[f"{split}: fewer than 10 words"] == sum(n < 10 for n in lengths)
    refused = copy.run(
        "--configfile", "tests/data/tiny.yaml", "--config", "datasets={sst2: {min_words: none}}", ok=False
    )
    assert "datasets.sst2.min_words: Input should be a valid integer" in refused


def test_a_loss_term(carry_out):
    copy = carry_out("add-a-loss-term")
    assert schema_of(copy)["Strategy"]["properties"]["pairing"]["default"] == 0
    folder = "models/sst2/CNN/pairing/textfooler/seed0/round1"
    assert json.loads(text_of(copy, f"{folder}/metrics.json"))["objective"]["pairing"] == 0.5
    epochs = copy.table(f"{folder}/history.csv")
    assert (epochs["logit_distance"] > 0).all()
    added = epochs["total"] - epochs["ce_original"]  # weighted, in each batch, by its share of adversarial texts
    assert ((added > 0) & (added < epochs["ce_adversarial"] + 0.5 * epochs["logit_distance"])).all()
    values = yaml.safe_load((copy.folder / "tests/data/tiny.yaml").read_text())
    values["overrides"].append({"where": {"models": ["CNN"]}, "objective": {"pairing": 0.25, "beta": 0.3}})
    found = copy.ask(TERM_BY_HAND.format(values=values, folder=RESULTS / folder))
    assert found["term"] == pytest.approx(found["by_hand"], rel=1e-5) and found["by_hand"] > 0
    assert found["weights"] == [[0.0, 0.25], [0.3, 0.25]]  # a mask's weight is for strategies with a mask
    assert found["as_before"]  # what a weight of 0 adds to the gradient


TERM_BY_HAND = """
import json, numpy, pandas, torch
from flat.models.checkpoint import load
from flat.study.cells import Cell
from flat.study.load import parse
from flat.study.settings import objective_of
from flat.training.objective import Weights, flat_loss
model = load("{folder}")
ledger = pandas.read_parquet("results/tiny/attacks/train/sst2/CNN/base/textfooler/seed0/round1/ledger.parquet")
won = ledger[ledger["status"] == "succeeded"].head(5)
texts, others = ([list(words) for words in won[name]] for name in ("original_words", "perturbed_words"))
order = torch.tensor([4, 3, 2, 1, 0])  # of which original each adversarial text is
given = model.encode(texts), torch.tensor(list(won["label"])), model.encode(others[::-1]), order
terms = flat_loss(model, *given, torch.full((5, 1), -1), Weights(pairing=0.5))
apart = model.logits(texts) - model.logits(others)
parameters = [p for p in model.parameters() if p.requires_grad]
before, unweighted = (flat_loss(model, *given, torch.full((5, 1), -1), Weights()) for _ in range(2))
gradients = torch.autograd.grad(unweighted.total, parameters, allow_unused=True)
plain = torch.autograd.grad(before.ce_original + before.ce_adversarial, parameters, allow_unused=True)
study = parse({values!r})
weights = [objective_of(study, Cell("sst2", "CNN", s, "textfooler", 0)) for s in ("adv", "FLAT")]
print(json.dumps({{
    "term": float(terms.logit_distance),
    "by_hand": float((numpy.asarray(apart) ** 2).sum(1).mean()),
    "weights": [[w["beta"], w["pairing"]] for w in weights],
    "as_before": all(a is b or torch.equal(a, b) for a, b in zip(gradients, plain, strict=True)),
}}))
"""


def test_a_table(carry_out):
    copy = carry_out("add-a-table")
    table = copy.table("tables/queries.csv").query("train_attack in ('textfooler', 'none')")
    for strategy, attack in (("base", "textfooler"), ("FLAT", "textfooler"), ("base", "pwws"), ("adv", "pwws")):
        ledger = copy.ledger(strategy, attack)
        searched, won = ledger.query("status != 'skipped'"), ledger.query("status == 'succeeded'")
        by_hand = {
            "mean_queries": searched["queries"].mean(),
            "attack_success_percent": 100 * len(won) / len(searched),
            "perturbed_words_percent": 100 * (won["swaps"].str.len() / won["original_words"].str.len()).mean(),
        }
        rows = table.query(f"strategy == '{strategy}' and attack == '{attack}'").set_index("metric")["ours"]
        assert rows.astype(float).to_dict() == pytest.approx(by_hand, abs=1e-6)
    summary = copy.ask(
        "import json; from flat.report.summary_items import collect; from flat.study.load import load\n"
        "items = {item.name: item for item in collect(load('tests/data/tiny.yaml'))}\n"
        "print(json.dumps([items['Queries'].title, items['Queries'].key_line]))"
    )
    assert summary[0] == "What each attack asks of a model" and summary[1].startswith("asked: base")


def test_an_explanation_method(carry_out):
    """A word's score is the drop of its class's probability, asked of the model text by text."""
    copy = carry_out("add-an-explanation-method")
    for found, by_hand in copy.ask(HIDING_BY_HAND.format(results=RESULTS)):
        assert found == pytest.approx(by_hand, abs=1e-5) and max(map(abs, found)) > 0
    pairs = copy.table("interpretations/hiding/sst2/CNN/consistency.parquet")
    assert set(pairs["strategy"]) == set(TRAINED) and set(pairs["source"]) == {"own", "shared"}  # no noise, no floor
    measured = copy.table("measurements.parquet").query("method == 'hiding' and metric == 'kendall_tau'")
    shared = pairs.query("source == 'shared' and changed").groupby("strategy")["kendall_tau"].mean()
    found = measured.query("pair_set == 'shared'").set_index("strategy")["value"]
    assert found.to_dict() == pytest.approx(shared.to_dict(), abs=1e-9)


HIDING_BY_HAND = """
import json, numpy, pandas
from flat.models.checkpoint import load
model = load("{results}/models/sst2/CNN/base/none/seed0/round0")
explained = "{results}/interpretations/hiding/sst2/CNN/base/none/seed0/textfooler/attributions.parquet"
frame = pandas.read_parquet(explained)
def probability(words, target):
    logits = numpy.asarray(model.logits([words]), dtype=float)[0]
    return float(numpy.exp(logits[target]) / numpy.exp(logits).sum())
found = []
for row in frame[frame["side"] == "adversarial"].head(4).itertuples():
    words = list(row.words)
    hidden = [[*words[:i], model.unknown_word, *words[i + 1 :]] for i in range(len(words))]
    whole = probability(words, row.target)
    found.append(([float(s) for s in row.scores], [whole - probability(others, row.target) for others in hidden]))
print(json.dumps(found))
"""


def test_a_source(carry_out, resources):
    copy = carry_out("add-a-source")
    assert "bbc-headlines" in schema_of(copy)["PackageSource"]["properties"]["corpus"]["enum"]
    headlines = {
        path.read_text(encoding="latin-1").strip().splitlines()[0].strip(): path.parent.name
        for path in (resources / "bbc-news").glob("*/*.txt")
    }
    splits = [copy.table(f"data/headlines/{split}.parquet") for split in ("train", "dev", "test")]
    assert sum(map(len, splits)) == len({"".join(filter(str.isalnum, text.lower())) for text in headlines})
    reviews = pd.concat(copy.table(f"data/reviews/{split}.parquet") for split in ("train", "dev", "test"))
    written = pd.read_csv(copy.folder / "tests/data/reviews.csv")
    assert reviews["label"].value_counts().to_dict() == {0: 20, 1: 20} and len(written) == 40
    assert {name.rsplit("-", 1)[0] for name in reviews.query("label == 1")["example_id"]} == {"train-bad"}
    target = "results/tiny/data/reviews/summary.json"
    assert copy.plan("--", target) == {}
    with (copy.folder / "reviews-bad.txt").open("a") as file:
        file.write("Nothing in it works .\n")
    assert copy.plan("--", target) == {"preprocess": 1}
    summary = json.loads((copy.folder / target).read_text())
    assert summary["source"]["plugin"]["module"] == "my_lines.py" and summary["source"]["rows"] == {"train": 40}


# --- what carries them out


def test_a_page_that_no_longer_fits_the_code_says_where(finished, tmp_path):
    page = tmp_path / "add-a-column.md"
    page.write_text((DOCS / page.name).read_text().replace('     "attack_success_percent",\n', '     "attack_lost",\n'))
    with pytest.raises(examples.DoesNotApply) as refused:
        examples.apply(page, finished.folder)
    where = "add-a-column.md, hunk 1 of src/flat/report/tables/robustness.py"
    assert str(refused.value) == f"{where}: its lines stand 0 times in the file, not once"
