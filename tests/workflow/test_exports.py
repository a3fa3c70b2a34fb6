"""The exports of a finished study, made by its own targets: every file is there, recorded, and read by others' code."""

import importlib.util
import json

import pytest
from huggingface_hub import ModelCard

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def test_a_finished_study_is_exported(copy):
    targets = ["evaluations", "model_cards"]
    targets += ["croissant"] if importlib.util.find_spec("mlcroissant") else []
    copy.tiny("--cores", "2", "--", *targets, warm=True)
    root = copy.folder / "results/tiny"
    ledgers = sorted(root.glob("attacks/test/**/ledger.parquet"))
    records = sorted(root.glob("exports/evaluations/**/*.json"))
    assert len(records) == len(ledgers) == len(list(root.glob("exports/evaluations/**/*.jsonl"))) > 0
    for place in records:
        about = json.loads(place.read_text())["detailed_evaluation_results"]
        assert about["total_rows"] == len((place.parent / about["file_path"]).read_text().splitlines()) == 28
    cards = sorted(root.glob("exports/model_cards/**/*.md"))
    models = {path.parents[1] for path in root.glob("models/**/round*/model.safetensors")}
    assert len(cards) == len(models)
    for card in cards:
        assert ModelCard.load(card).data.eval_results, card
    if "croissant" in targets:
        import mlcroissant as mlc

        data = mlc.Dataset(jsonld=root / "exports/croissant/sst2.json")
        assert len(list(data.records("test"))) == 150
    copy.tiny("--cores", "1", "--", "verify")
    copy.tiny("--cores", "1", "--", "crate")
    assert copy.plan("--", *targets) == {}
