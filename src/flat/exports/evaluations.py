"""A study's results in the format of Every Eval Ever, version 0.2.2 (https://github.com/evaleval/every_eval_ever).

Each attacked model has an aggregate record (JSON), and a line per example and result beside it (JSONL).
"""

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from flat.analysis.outcomes import AA, ATTACKED
from flat.exports import origins
from flat.exports.numbers import Number, accuracy, method_title, under_attack
from flat.files.artefacts import read_table, records, write_json, write_text
from flat.files.digests import sha256_of
from flat.paper.catalogue import SA
from flat.study import paths
from flat.study.cells import AttackedCell
from flat.study.schema import Study

VERSION = "0.2.2"
COLUMNS = ["example_id", "label", "status", "original", "perturbed", "predicted", "perturbed_predicted", "queries"]
COLUMNS += ["swaps", "attack_hash"]
UNKNOWN = "not stated"


def write(study: Study, outcomes, attacked: AttackedCell, summary: Mapping, passport: Mapping, place: Path) -> int:
    """Write the aggregate record of an attacked model to ``place``, its examples beside it; lines of the latter.

    Args:
        outcomes: flat.analysis.outcomes.Outcomes of the study.
        summary: summary.json of the data set. passport: provenance.json of the study.
        place: ends in .json.
    """
    ledger = read_table(paths.test_ledger(study, attacked), COLUMNS)
    numbers = [accuracy(study, outcomes, attacked.cell), *under_attack(study, outcomes, attacked)]
    about = record(study, attacked, [n for n in numbers if n is not None], summary, passport)
    lines = [json.dumps(line, sort_keys=True, ensure_ascii=False) for line in instances(study, attacked, ledger, about)]
    beside = place.with_suffix(".jsonl")
    write_text(beside, "".join(f"{line}\n" for line in lines))
    about["detailed_evaluation_results"] = {
        "format": "jsonl",
        "file_path": beside.name,
        "hash_algorithm": "sha256",
        "checksum": sha256_of(beside),
        "total_rows": len(lines),
    }
    write_json(place, about)
    return len(lines)


def model_id(study: Study, attacked: AttackedCell) -> str:
    """Developer and model, as a hub writes them."""
    return f"flat/{'-'.join([study.name, *map(str, paths.coordinates(attacked.cell).values())])}"


def record(study: Study, attacked: AttackedCell, numbers: list[Number], summary: Mapping, passport: Mapping) -> dict:
    """The aggregate record, without its reference to the examples. What is undefined has no result."""
    cell, written = attacked.cell, str(int(datetime.fromisoformat(passport["written"]).timestamp()))
    packages = passport["environment"]["packages"]
    code = passport["environment"]["code"]
    data = _source_data(study, cell.dataset, summary)
    results = [_result(study, number, attacked, data) for number in numbers]
    return {
        "schema_version": VERSION,
        "evaluation_id": f"{study.name}.{cell.dataset}.{attacked.attack}/{model_id(study, attacked)}/{written}",
        "evaluation_timestamp": passport["written"],
        "retrieved_timestamp": written,
        "source_metadata": {
            "source_name": study.title,
            "source_type": "evaluation_run",
            "source_organization_name": UNKNOWN,
            "evaluator_relationship": "first_party",
            "additional_details": _texts(
                stand_ins=origins.stand_ins(study, cell.dataset, cell.model, [attacked.attack]),
                note=origins.NOTE,
            ),
        },
        "eval_library": {
            "name": "flat-robustness",
            "version": packages.get("flat-robustness") or "unknown",
            "additional_details": _texts(commit=code.get("commit"), textattack=packages.get("textattack")),
        },
        "model_info": {
            "name": f"{study.models[cell.model].title}, {study.strategies[cell.strategy].title}",
            "id": model_id(study, attacked),
            "developer": UNKNOWN,
            "inference_engine": {"name": "PyTorch", "version": packages.get("torch") or "unknown"},
            "additional_details": _texts(
                **paths.coordinates(cell),
                kind=study.models[cell.model].kind,
                checkpoint=study.models[cell.model].checkpoint,
                vectors=study.models[cell.model].vectors,
            ),
        },
        "evaluation_results": results,
    }


def _source_data(study: Study, dataset: str, summary: Mapping) -> dict:
    found = origins.of_data(study, summary)
    details = _texts(
        stand_in=study.datasets[dataset].stand_in,
        test_examples=summary["sizes"]["test"],
        origins=[f"{one.name} {one.version}".strip() for one in found],
        licences=[one.licence for one in found],
    )
    hub = next((one for one in found if one.repository), None)
    if hub is None:
        return {"dataset_name": study.datasets[dataset].title, "source_type": "other", "additional_details": details}
    return {
        "dataset_name": study.datasets[dataset].title,
        "source_type": "hf_dataset",
        "hf_repo": hub.repository,
        "hf_split": "test",
        "samples_number": summary["sizes"]["test"],
        "additional_details": details | {"revision": hub.version},
    }


def _result(study: Study, number: Number, attacked: AttackedCell, data: dict) -> dict:
    task = study.datasets[attacked.cell.dataset].title
    under = f" under {study.attacks[number.attack].title}" if number.attack else ""
    under = ", the attacked examples" if number.metric == ATTACKED else under
    by = f", {method_title(number.method)}" if number.method else ""
    low, high = number.bounds
    uncertainty: dict = {"num_samples": number.n}
    if not math.isnan(number.low):
        uncertainty["confidence_interval"] = {
            "lower": number.low,
            "upper": number.high,
            "confidence_level": 0.95,
            "method": number.how,
        }
    metric = {
        "evaluation_description": f"{number.title}{by} on {task}{under}",
        "metric_id": "accuracy" if number.metric in (SA, ATTACKED) else f"flat.{number.metric}",
        "metric_name": f"{number.title}{by}",
        "metric_kind": "accuracy" if number.unit == "percent" else number.metric,
        "metric_unit": number.unit,
        "lower_is_better": False,
        "score_type": "continuous",
        "min_score": low,
        "max_score": high,
    }
    if number.method:
        metric["metric_parameters"] = {"method": number.method, "pair_set": number.pair_set, "k": number.k or None}
    return {
        "evaluation_result_id": number.name,
        "evaluation_name": f"{task}{under}",
        "source_data": data,
        "metric_config": metric,
        "score_details": {"score": number.value, "uncertainty": uncertainty},
    }


def instances(study: Study, attacked: AttackedCell, ledger, about: Mapping) -> Iterator[dict]:
    """Two lines an attacked example: the original, and the text that the attack left. 1 for a right answer."""
    classes = study.datasets[attacked.cell.dataset].classes
    names = {result["evaluation_result_id"]: result["evaluation_name"] for result in about["evaluation_results"]}
    for row in records(ledger):
        details = _texts(status=row["status"], queries=row["queries"], swaps=len(row["swaps"]))
        details |= {"attack": attacked.attack, "attack_hash": row["attack_hash"]}
        for result, text, answer in (
            (ATTACKED, row["original"], row["predicted"]),
            (AA, row["perturbed"], row["perturbed_predicted"]),
        ):
            gold = classes[row["label"]]
            yield {
                "schema_version": f"instance_level_eval_{VERSION}",
                "evaluation_id": about["evaluation_id"],
                "model_id": about["model_info"]["id"],
                "evaluation_name": names[result],
                "evaluation_result_id": result,
                "sample_id": row["example_id"],
                "sample_hash": hashlib.sha256(f"{text}{gold}".encode()).hexdigest(),
                "interaction_type": "single_turn",
                "input": {"raw": text, "reference": [gold], "choices": list(classes)},
                "output": {"raw": [classes[answer]]},
                "messages": None,
                "answer_attribution": [
                    {
                        "turn_idx": 0,
                        "source": "output.raw",
                        "extracted_value": classes[answer],
                        "extraction_method": "the class of the largest logit",
                        "is_terminal": True,
                    }
                ],
                "evaluation": {"score": float(answer == row["label"]), "is_correct": bool(answer == row["label"])},
                "metadata": details,
            }


def _texts(**facts: object) -> dict[str, str]:
    """Facts as the format wants further details: text alone, lists joined, what is not known left out."""
    known = {name: fact for name, fact in facts.items() if fact is not None and fact != []}
    return {name: "; ".join(map(str, f)) if isinstance(f, Iterable) and not isinstance(f, str) else str(f)
            for name, f in known.items()}  # fmt: skip
