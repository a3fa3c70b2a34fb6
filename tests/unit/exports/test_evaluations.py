"""Records of Every Eval Ever: the fields that the format asks for, and numbers that are the ledger's own."""

import json
from pathlib import Path

import jsonschema
import pytest
from finished_study import BASE, PASSPORT, SUMMARY, TEXTS, complete, put

from flat.analysis.outcomes import Outcomes
from flat.exports import evaluations, numbers
from flat.files.artefacts import read_table
from flat.files.digests import sha256_of
from flat.study import paths
from flat.study.cells import AttackedCell, Cell

# What version 0.2.2 of the format says of the fields that are written, in our own words: names, types, what must be
# there and what may. Objects are closed where the format's are, and everywhere to names that it has.
STRING, NUMBER, COUNT, FLAG = {"type": "string"}, {"type": "number"}, {"type": "integer"}, {"type": "boolean"}
STRINGS = {"type": "array", "items": STRING}
DETAILS = {"type": "object", "additionalProperties": STRING}


def closed(needed: dict, **more) -> dict:
    every = {"type": "object", "properties": needed | more, "required": list(needed), "additionalProperties": False}
    return every


def one_of(*values: str) -> dict:
    return {"enum": list(values)}


OTHER = closed({"dataset_name": STRING, "source_type": one_of("other")}, additional_details=DETAILS)
HUB = closed(
    {"dataset_name": STRING, "source_type": one_of("hf_dataset")},
    hf_repo=STRING, hf_split=STRING, samples_number=COUNT, additional_details=DETAILS,
)  # fmt: skip
METRIC = closed(
    {"lower_is_better": FLAG, "min_score": NUMBER, "max_score": NUMBER, "score_type": one_of("continuous")},
    evaluation_description=STRING, metric_id=STRING, metric_name=STRING, metric_kind=STRING, metric_unit=STRING,
    metric_parameters={"type": "object", "additionalProperties": {"type": ["string", "number", "boolean", "null"]}},
)  # fmt: skip
INTERVAL = closed({"lower": NUMBER, "upper": NUMBER}, confidence_level=NUMBER, method=STRING)
SCORE = closed({"score": NUMBER}, uncertainty=closed({}, num_samples=COUNT, confidence_interval=INTERVAL))
RESULT = closed(
    {
        "evaluation_name": STRING,
        "source_data": {"oneOf": [OTHER, HUB]},
        "metric_config": METRIC,
        "score_details": SCORE,
    },
    evaluation_result_id=STRING,
)
VERSIONED = closed({"name": STRING, "version": STRING}, additional_details=DETAILS)
MODEL = closed(
    {"name": STRING, "id": {"type": "string", "pattern": "^[^/]+/[^/]+$"}},
    developer=STRING, inference_engine=closed({"name": STRING, "version": STRING}), additional_details=DETAILS,
)  # fmt: skip
ORGANISATION = closed(
    {
        "source_type": one_of("documentation", "evaluation_run"),
        "source_organization_name": STRING,
        "evaluator_relationship": one_of("first_party", "third_party", "collaborative", "other"),
    },
    source_name=STRING, additional_details=DETAILS,
)  # fmt: skip
EXAMPLES = closed(
    {}, format=one_of("jsonl", "json"), file_path=STRING, hash_algorithm=one_of("sha256", "md5"), checksum=STRING,
    total_rows=COUNT,
)  # fmt: skip
RECORD = closed(
    {
        "schema_version": STRING,
        "evaluation_id": STRING,
        "retrieved_timestamp": {"type": "string", "pattern": r"^\d+$"},  # seconds since the epoch
        "source_metadata": ORGANISATION,
        "model_info": MODEL,
        "eval_library": VERSIONED,
        "evaluation_results": {"type": "array", "items": RESULT},
    },
    evaluation_timestamp=STRING, detailed_evaluation_results=EXAMPLES,
)  # fmt: skip
ANSWER = closed(
    {"turn_idx": COUNT, "source": STRING, "extracted_value": STRING, "extraction_method": STRING, "is_terminal": FLAG}
)
LINE = closed(
    {
        "schema_version": STRING,
        "evaluation_id": STRING,
        "model_id": STRING,
        "evaluation_name": STRING,
        "sample_id": STRING,
        "interaction_type": one_of("single_turn"),
        "input": closed({"raw": STRING, "reference": STRINGS}, choices=STRINGS),
        "output": closed({"raw": STRINGS}),  # single turns have an output and no messages
        "answer_attribution": {"type": "array", "items": ANSWER},
        "evaluation": closed({"score": NUMBER, "is_correct": FLAG}),
    },
    evaluation_result_id=STRING, sample_hash=STRING, messages={"type": "null"}, metadata=DETAILS,
)  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """An attack that three of five examples withstood; one pair of explanations is undefined."""
    folder = tmp_path_factory.mktemp("evaluations")
    taus = {0: dict(zip(TEXTS, (0.0, 0.5, 1.0, 0.5, float("nan")), strict=True))}
    mine = complete(put(folder, {0: {"e1", "e2", "e3"}}, taus, accuracy=75.0))
    attacked, place = AttackedCell(Cell(*BASE, 0), "textfooler"), folder / "out/a.json"
    outcomes = Outcomes(mine, read_table(paths.of(mine).measurements()))
    lines = evaluations.write(mine, outcomes, attacked, SUMMARY, PASSPORT, place)
    assert lines == 10
    return mine, attacked, outcomes, place


def test_records_have_the_fields_of_the_format(written):
    place = written[-1]
    record = json.loads(place.read_text())
    jsonschema.validate(record, RECORD)
    lines = [json.loads(line) for line in place.with_suffix(".jsonl").read_text().splitlines()]
    for line in lines:
        jsonschema.validate(line, LINE)
    ids = {result["evaluation_result_id"] for result in record["evaluation_results"]}
    assert {line["evaluation_result_id"] for line in lines} <= ids
    assert {(line["evaluation_id"], line["model_id"]) for line in lines} == {
        (record["evaluation_id"], record["model_info"]["id"])
    }
    for broken in ({"retrieved_timestamp": 5}, {"model_info": {"name": "x"}}, {"more": "x"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(record | broken, RECORD)


def test_scores_are_those_of_the_ledger_with_intervals(written):
    record = json.loads(written[-1].read_text())
    scores = {r["evaluation_result_id"]: r["score_details"] for r in record["evaluation_results"]}
    assert scores["test_accuracy_percent"]["score"] == 75.0
    assert scores["attacked_accuracy_percent"]["score"] == 100.0
    aa = scores["after_attack_accuracy_percent"]
    assert aa["score"] == 60.0 and aa["uncertainty"]["num_samples"] == 5
    # Clopper and Pearson's interval of 3 in 5, from a table
    bounds = aa["uncertainty"]["confidence_interval"]
    assert (bounds["lower"], bounds["upper"]) == pytest.approx((14.66, 94.73), abs=0.01)
    tau = scores["kendall_tau.ig"]
    assert tau["score"] == 0.5 and tau["uncertainty"]["num_samples"] == 4
    assert 0 <= tau["uncertainty"]["confidence_interval"]["lower"] < 0.5
    assert "confidence_interval" not in scores["topk_intersection.ig"]["uncertainty"]  # all pairs alike


def test_lines_add_up_to_the_scores(written):
    place = written[-1]
    record = json.loads(place.read_text())
    lines = [json.loads(line) for line in place.with_suffix(".jsonl").read_text().splitlines()]
    for result in ("after_attack_accuracy_percent", "attacked_accuracy_percent"):
        own = [line["evaluation"]["is_correct"] for line in lines if line["evaluation_result_id"] == result]
        (score,) = [r for r in record["evaluation_results"] if r["evaluation_result_id"] == result]
        assert 100 * sum(own) / len(own) == score["score_details"]["score"]
    first = {line["evaluation_result_id"]: line for line in lines if line["sample_id"] == "e4"}
    assert first["attacked_accuracy_percent"]["input"]["raw"] == "once more"
    fallen = first["after_attack_accuracy_percent"]
    assert fallen["input"]["raw"] == "once indeed" and fallen["output"]["raw"] == ["negative"]
    assert fallen["input"]["reference"] == ["positive"] and fallen["metadata"]["status"] == "succeeded"
    about = record["detailed_evaluation_results"]
    assert about["checksum"] == sha256_of(place.with_suffix(".jsonl")) and about["total_rows"] == 10
    assert (place.parent / about["file_path"]).is_file()


def test_equal_studies_write_equal_bytes(written, tmp_path):
    mine, attacked, outcomes, place = written
    again = tmp_path / "a.json"
    evaluations.write(mine, outcomes, attacked, SUMMARY, PASSPORT, again)
    assert again.read_bytes() == place.read_bytes()
    assert again.with_suffix(".jsonl").read_bytes() == Path(place).with_suffix(".jsonl").read_bytes()


def test_data_of_a_hub_are_named_as_such(written):
    mine, attacked, outcomes, _ = written
    source = {"kind": "hub", "path": "stanfordnlp/sst2", "revision": "a" * 40, "files": {}}
    found = [*numbers.under_attack(mine, outcomes, attacked)]
    record = evaluations.record(mine, attacked, found, SUMMARY | {"source": source}, PASSPORT)
    jsonschema.validate(record, RECORD)
    data = record["evaluation_results"][0]["source_data"]
    assert (data["hf_repo"], data["additional_details"]["revision"]) == ("stanfordnlp/sst2", "a" * 40)
