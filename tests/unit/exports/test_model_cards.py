"""Model cards: huggingface_hub's own loader reads back what was written, and people find limits and licences."""

import pytest
from finished_study import BASE, SUMMARY, TEXTS, complete, put
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import model_index_to_eval_results

from flat.analysis.outcomes import Outcomes
from flat.exports import model_cards
from flat.files.artefacts import read_json, read_table
from flat.study import paths
from flat.study.cells import Cell


@pytest.fixture(scope="module")
def card(tmp_path_factory):
    """The card of the first of two seeds, as huggingface_hub loads it."""
    folder = tmp_path_factory.mktemp("cards")
    taus = {seed: dict(zip(TEXTS, (0.0, 0.5, 1.0, 0.5, 0.5), strict=True)) for seed in (0, 1)}
    mine = complete(put(folder, {0: {"e1", "e2", "e3"}, 1: {"e1"}}, taus, accuracy=75.0))
    cell = Cell(*BASE, 0)
    outcomes = Outcomes(mine, read_table(paths.of(mine).measurements()))
    about = {name: read_json(paths.final_model(mine, cell, f"{name}.json")) for name in ("metrics", "config")}
    frames = {
        "intervals": read_table(paths.of(mine).intervals()),
        "flags": read_table(paths.of(mine).top("flags.parquet")),
    }
    place = folder / "card.md"
    model_cards.write(mine, outcomes, cell, ["textfooler"], about | {"summary": SUMMARY}, frames, place)
    return ModelCard.load(place)


def test_metadata_is_read_back(card):
    data = card.data
    assert (data.license, data.pipeline_tag, data.model_name) == (
        "unknown",
        "text-classification",
        "tiny-sst2-CNN-base-none-0",
    )
    found = {(result.metric_type, result.dataset_config, (result.metric_args or {}).get("method")): result
             for result in data.eval_results}  # fmt: skip
    assert found["accuracy", None, None].metric_value == 75.0
    aa = found["after_attack_accuracy_percent", "textfooler", None]
    assert aa.metric_value == 60.0 and aa.metric_args["low"] == pytest.approx(14.66, abs=0.01)
    tau = found["kendall_tau", "textfooler", "lime"]
    assert tau.metric_value == 0.5 and tau.metric_args["pair_set"] == "shared"
    assert len(found) == len(data.eval_results) == 7


def test_metadata_is_a_model_index_that_survives_a_round(card):
    """What the hub's own check asks of a model-index, without the hub: names, tasks, data sets, metrics with values."""
    index = card.data.to_dict()["model-index"]
    name, results = model_index_to_eval_results(index)
    assert name == card.data.model_name and results == card.data.eval_results
    for result in index[0]["results"]:
        assert result["task"]["type"] == "text-classification" and {"name", "type"} <= set(result["dataset"])
        assert all({"type", "value"} <= set(metric) for metric in result["metrics"])
    assert ModelCard(str(card)).data.to_dict() == card.data.to_dict()


def test_people_read_data_settings_limits_and_licences(card):
    text = card.text
    for line in (
        "| after-attack accuracy | TextFooler | 60.00 % | [14.66, 94.73] | 5 |",
        "| filters | 20 |",
        "| clip norm | none |",
        "| test | 5 | given |",
        "| snippets | 1.2 | terms of others | https://example.org/snippets |",
        "- Not the paper's: SST2: Rotten Tomatoes sentences.",
        "- Of the data: two texts are alike.",
        "Classes, by number: 0 negative, 1 positive.",
    ):
        assert line in text.splitlines(), line
    assert "It was trained on the original texts alone (base)." in text
    assert any(
        line.startswith("- Doubtful under TextFooler: most outputs are so certain") for line in text.splitlines()
    )
    both = text[text.index("in the mean over seeds") :]
    assert "| after-attack accuracy | TextFooler | 40.00 % |" in both
    assert "{{" not in text and "{%" not in text
