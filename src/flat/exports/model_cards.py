"""A model card for a trained model, with huggingface_hub: metadata that a hub reads, and a page for people."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from flat.analysis.guards.flags import FLAGS
from flat.analysis.intervals import SHOWN_K
from flat.analysis.outcomes import AA, ATTACKED, KT, TI
from flat.errors import visible
from flat.exports import origins
from flat.exports.card_text import TEMPLATE
from flat.exports.numbers import PERCENT, TITLES, Number, accuracy, method_title, under_attack
from flat.files.artefacts import records, write_text
from flat.paper.catalogue import MAIN_PAIR_SET, SA
from flat.study import paths
from flat.study.cells import AttackedCell, Cell
from flat.study.datasets import SPLITS
from flat.study.schema import Study

PLACES = {SA: 2, ATTACKED: 2, AA: 2, KT: 3, TI: 3}
LIMITS = (
    "It was trained for research on robustness. Nobody has looked for what it gets wrong beyond the table above.",
    "After-attack accuracy is that under these attacks with these budgets. Another attack may do more.",
)


def write(
    study: Study,
    outcomes,
    cell: Cell,
    attacks: Sequence[str],
    about: Mapping[str, Mapping],
    frames: Mapping[str, object],
    place: Path,
) -> None:
    """Write the card of a trained model.

    Args:
        outcomes: flat.analysis.outcomes.Outcomes of the study.
        attacks: those that were run on the model's test examples.
        about: ``summary`` (of the data set), ``metrics`` and ``config`` of its folder.
        frames: ``intervals`` and ``flags`` of the study.
    """
    found = [accuracy(study, outcomes, cell)]
    for attack in attacks:
        found += under_attack(study, outcomes, AttackedCell(cell, attack))
    numbers = [number for number in found if number is not None]
    data = _metadata(study, cell, numbers)
    card = ModelCard.from_template(
        data,
        template_str=TEMPLATE,
        **_text(study, cell, attacks, about, frames, numbers),
    )
    write_text(place, visible(str(card).rstrip() + "\n"))


def name_of(study: Study, cell: Cell) -> str:
    return "-".join([study.name, *paths.coordinates(cell).values()])


def _metadata(study: Study, cell: Cell, numbers: Sequence[Number]) -> ModelCardData:
    model, title = study.models[cell.model], study.datasets[cell.dataset].title
    bases = [one.repository for one in origins.of_model(study, cell.model) if one.repository]
    source = study.datasets[cell.dataset].source
    return ModelCardData(
        model_name=name_of(study, cell),
        base_model=bases[0] if bases else None,
        license="unknown",
        library_name="transformers" if model.is_encoder else None,
        pipeline_tag="text-classification",
        tags=["adversarial-training", "robustness", "interpretability", cell.strategy, cell.train_attack],
        datasets=[source.path] if source.kind == "hub" else None,
        metrics=["accuracy"],
        eval_results=[_result(study, cell, title, number) for number in numbers],
    )


def _result(study: Study, cell: Cell, title: str, number: Number) -> EvalResult:
    under = f" under {study.attacks[number.attack].title}" if number.attack else ""
    by = f", {method_title(number.method)}" if number.method else ""
    args = {"n": number.n, "method": number.method or None, "pair_set": number.pair_set or None}
    if not math.isnan(number.low):
        args |= {"low": number.low, "high": number.high, "interval": f"95 %, {number.how}"}
    return EvalResult(
        task_type="text-classification",
        task_name="Text classification",
        dataset_type=cell.dataset,
        dataset_name=f"{title}{under}",
        dataset_config=number.attack or None,
        dataset_split="test",
        metric_type="accuracy" if not number.attack else number.metric,
        metric_name=f"{number.title}{by}",
        metric_value=number.value,
        metric_args={name: value for name, value in args.items() if value is not None},
    )


def _text(study, cell: Cell, attacks, about: Mapping, frames: Mapping, numbers: Sequence[Number]) -> dict:
    summary, chosen = about["summary"], study.datasets[cell.dataset]
    model, strategy = study.models[cell.model], study.strategies[cell.strategy]
    trained_on = [cell.train_attack] if cell.train_attack in study.attacks else []
    under = list(dict.fromkeys([*trained_on, *attacks]))
    of = [*origins.of_data(study, summary), *origins.of_model(study, cell.model)]
    of += [one for name in trained_on for one in origins.of_attack(study, name)]
    said = origins.stand_ins(study, cell.dataset, cell.model, under)
    return {
        "title": f"{model.title}, {strategy.title}: {chosen.title}",
        "what": f"This model sorts texts of {chosen.title} into {len(chosen.classes)} classes. {_trained(study, cell)}",
        "study": study.title,
        "seed": cell.seed,
        "data": f"{chosen.title}." + (f" Standing in for it: {chosen.stand_in}." if chosen.stand_in else ""),
        "splits": [{"name": s, "size": summary["sizes"][s], "origin": summary["splits"][s]["origin"]} for s in SPLITS],
        "classes": ", ".join(f"{number} {name}" for number, name in enumerate(chosen.classes)),
        "settings": _settings(about),
        "numbers": [_row(study, number) for number in numbers],
        "over_seeds": _over_seeds(study, cell, frames["intervals"]),
        "limits": [
            *LIMITS,
            *(f"Not the paper's: {one}." for one in said),
            *_flags(study, cell, frames["flags"]),
            *(f"Of the data: {warning}." for warning in summary["warnings"]),
        ],
        "origins": list(dict.fromkeys(of)),
        "note": origins.NOTE,
    }


def _trained(study: Study, cell: Cell) -> str:
    """How it was trained, in a sentence."""
    title = study.strategies[cell.strategy].title
    if study.models[cell.model].is_black_box:
        return "It is a black box, that was asked and not trained."
    if cell.train_attack not in study.attacks:
        return f"It was trained on the original texts alone ({title})."
    attack = study.attacks[cell.train_attack].title
    return f"It was trained on the original texts and on adversarial ones made by {attack} ({title})."


def _settings(about: Mapping) -> list[tuple[str, object]]:
    """Of the model's folder: network, optimiser, objective. What is null stands as “none”."""
    metrics, config = about["metrics"], about["config"]
    found = {name: config.get(name) for name in ("kind", "mask", "max_length")} | config.get("options", {})
    found |= metrics.get("training", {})
    found |= {name: metrics.get(name) for name in ("adversarial_texts", "best_epoch", "parameters", "arithmetic")}
    found |= {f"objective: {name}": value for name, value in metrics.get("objective", {}).items()}
    return [(name.replace("_", " "), "none" if value is None else value) for name, value in found.items()]


def _row(study: Study, number: Number) -> dict:
    by = f", {method_title(number.method)}" if number.method else ""
    attack = study.attacks[number.attack].title if number.attack else "none"
    return _shown(number.metric, f"{number.title}{by}", attack, number.value, (number.low, number.high), number.n)


def _shown(metric: str, measure: str, attack: str, value: float, bounds: tuple[float, float], n: int) -> dict:
    places = PLACES[metric]
    low, high = bounds
    interval = "none" if math.isnan(low) else f"[{low:.{places}f}, {high:.{places}f}]"
    unit = " %" if metric in PERCENT else ""
    return {"measure": measure, "attack": attack, "value": f"{value:.{places}f}{unit}", "interval": interval, "n": n}


def _over_seeds(study: Study, cell: Cell, intervals) -> list[dict]:
    """The rows of intervals.parquet for the same model under several seeds."""
    rows = []
    for row in records(intervals):
        same = all(row[name] == getattr(cell, name) for name in ("dataset", "model", "strategy", "train_attack"))
        shown = row["metric"] in PLACES and row["pair_set"] in ("", MAIN_PAIR_SET) and row["k"] in (0, SHOWN_K)
        if not same or not shown or row["seeds"] < 2:
            continue
        by = f", {method_title(row['method'])}" if row["method"] else ""
        attack = study.attacks[row["attack"]].title if row["attack"] else "none"
        bounds = (row["low"], row["high"])
        rows.append(_shown(row["metric"], f"{TITLES[row['metric']]}{by}", attack, row["value"], bounds, row["seeds"]))
    return sorted(rows, key=lambda row: row["attack"] != "none")


def _flags(study: Study, cell: Cell, flags) -> Iterable[str]:
    """Why some of its numbers are doubtful (docs/guards.md)."""
    for row in records(flags):
        if all(row[name] == getattr(cell, name) for name in paths.coordinates(cell)):
            where = f" under {study.attacks[row['attack']].title}" if row["attack"] else ""
            yield f"Doubtful{where}: {FLAGS.get(row['flag'], row['flag'])} ({row['detail']})."
