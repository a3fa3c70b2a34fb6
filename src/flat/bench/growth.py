"""``python -m flat.bench.growth``: how the cost of an attack grows with words, texts, candidates and shards.

Each point is one attack by ``flat.attacks.attack``, cold, in a process of its own. Texts are film reviews cut to a
length, labelled with the victim's own answer, so that no text is skipped. The points go to results/bench/growth.csv
(kept there after each: an interrupted run goes on), the figure to growth.png and growth.pdf beside it.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from flat.attacks.lexicon.resources import AttackResources
from flat.bench.material import texts, victim
from flat.bench.measure import forked, timed
from flat.cost.growth import Measured, Point, _cost, exponents, read, write
from flat.errors import command
from flat.files.artefacts import atomic
from flat.jobs import code_digest as digest
from flat.study.seeds import seed_of

FOLDER = "results/bench"
SEED = 2022
WORDS = (10, 20, 40, 80, 160, 250)
TEXTS = (25, 50, 100, 200)
CANDIDATES = (10, 25, 50)
SHARDS = (1, 2, 4)
FIXED_WORDS = 20  # of the axes other than words
_RECIPES = ("pwws", "textfooler")


def points() -> list[Point]:
    """What is measured, cheapest axes first."""
    plain = [Point("texts", recipe, "cnn-long", FIXED_WORDS, n) for recipe in _RECIPES for n in TEXTS]
    plain += [Point("candidates", "textfooler", "cnn-long", FIXED_WORDS, 50, candidates=n) for n in CANDIDATES]
    plain += [Point("shards", recipe, "cnn-long", FIXED_WORDS, 100, shards=n) for recipe in _RECIPES for n in SHARDS]
    for model, longest in (("cnn-long", 250), ("lstm-long", 250), ("bert", 40)):
        for recipe in _RECIPES:
            plain += [Point("words", recipe, model, n, 20 if n <= 40 else 6) for n in WORDS if n <= longest]
    return plain


def measured(point: Point) -> Measured:
    """Run one point's attack in its own process."""
    (outcome,) = forked(lambda send: send(_attack(point)), f"{point.recipe} on {point.model}")
    seconds, queries, forwards = outcome
    return Measured(**asdict(point), cpu_s=round(seconds, 3), queries=queries, forwards=forwards, code=code())


def code() -> str:
    """Digest of what the times depend on."""
    return digest.of(__file__)


def _attack(point: Point) -> tuple[float, int, int]:
    """CPU-seconds, queries and forwards of a point. Loading is timed on the axis of shards alone, where each shard, a
    job of its own, loads WordNet and synonyms anew."""
    from flat.attacks.attack import attack_examples  # for cost: torch

    model = victim(point.model)
    parameters = {"max_candidates": point.candidates} if point.candidates else {}
    spec = {"recipe": point.recipe, "search": "exact", "parameters": parameters, "resources": {}}
    frame, resources = _examples(point, model), AttackResources({})
    if point.axis != "shards":
        attack_examples(
            model, _examples(replace(point, words=FIXED_WORDS, texts=2), model), spec, SEED, resources=resources
        )
    shards = [frame.iloc[number :: point.shards] for number in range(point.shards)]
    total = [0.0, 0, 0]
    for shard in shards:

        def attack(shard=shard):
            return [attack_examples(model, shard, spec, SEED, resources=resources)]

        (outcome,) = forked(lambda send, attack=attack: send(_summed(*timed(attack, "cpu"))), point.recipe)
        total = [sum(pair) for pair in zip(total, outcome, strict=True)]
    return tuple(total)


def _summed(seconds: float, runs: list) -> tuple[float, int, int]:
    ledger = runs[0].ledger
    return seconds, int(ledger["queries"].sum()), int(ledger["victim_forwards"].sum())


def _examples(point: Point, model):
    """The point's texts as the engine takes them: long reviews cut to ``words`` words."""
    import pandas as pd  # for cost

    cut = [text.split()[: point.words] for text, _ in texts("long", 200, seed_of(SEED, "growth"))]
    cut = [words for words in cut if len(words) == point.words][: point.texts]
    labels = model.logits(cut).argmax(1)
    return pd.DataFrame(
        {
            "example_id": [f"growth-{number:06d}" for number in range(len(cut))],
            "text": [" ".join(words) for words in cut],
            "label": labels,
            "words": cut,
        }
    )


AXES = {"words": "words of a text", "texts": "texts", "candidates": "candidates a word", "shards": "shards"}
COLOURS = {"cnn": "#DDAA33", "lstm": "#BB5566", "bert": "#004488"}  # of the victim, in every panel
LINES = {"pwws": ("-", "o"), "textfooler": ("--", "s")}
SPELLED = {"pwws": "PWWS", "textfooler": "TextFooler"}


def draw(rows: list[Measured], path: str | Path) -> None:
    """CPU-milliseconds a text against what varies, one panel an axis; one legend for all."""
    from flat.report.figures.style import new_figure, paper_style  # for cost: matplotlib

    with paper_style():
        figure = new_figure(2.6, 8.6)
        drawn = {}
        for panel, (axis, label) in zip(figure.subplots(1, len(AXES)), AXES.items(), strict=True):
            here = [row for row in rows if row.axis == axis]
            for recipe, victim in sorted({(row.recipe, row.model.removesuffix("-long")) for row in here}):
                of_line = [r for r in here if (r.recipe, r.model.removesuffix("-long")) == (recipe, victim)]
                x, y = zip(*sorted((getattr(row, axis), 1000 * _cost(row)) for row in of_line), strict=True)
                style, marker = LINES[recipe]
                (line,) = panel.plot(x, y, style, marker=marker, ms=3.5, color=COLOURS[victim])
                drawn.setdefault(f"{SPELLED[recipe]}, {victim.upper()}", line)
            panel.set(xlabel=label, xscale="log", ylabel="CPU-milliseconds a text" if axis == "words" else "")
            if axis == "words":
                panel.set_yscale("log")
                panel.yaxis.set_major_formatter("{x:,.0f}")
            else:
                panel.set_ylim(bottom=0)
            panel.set_xticks(sorted({getattr(row, axis) for row in here}))
            panel.xaxis.set_major_formatter("{x:g}")
            panel.xaxis.minorticks_off()
            panel.grid(axis="y")
        figure.legend(drawn.values(), drawn.keys(), loc="upper center", ncols=len(drawn) or 1)
        figure.tight_layout(rect=(0, 0, 1, 0.9))
        for kind in ("png", "pdf"):
            with atomic(Path(path).with_suffix(f".{kind}")) as part:
                figure.savefig(part, format=kind)


def _run(path: Path) -> Iterator[Measured]:
    kept = {_asked(row): row for row in read(path) if row.code == code()}
    done = []
    for point in points():
        key = Measured(**asdict(point))
        done.append(kept[key] if key in kept else measured(point))
        write(path, done)
        yield done[-1]


def _asked(row: Measured) -> Measured:
    """The row without what was measured."""
    return replace(row, cpu_s=0.0, queries=0, forwards=0, code="")


@command
def main(arguments: Sequence[str] | None = None) -> int:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    parser = argparse.ArgumentParser(prog="python -m flat.bench.growth", description=__doc__.split("\n")[0])
    parser.add_argument("--folder", default=FOLDER)
    parser.add_argument("--draw", action="store_true", help="only draw the figure of what was measured")
    options = parser.parse_args(arguments)
    path = Path(options.folder) / "growth.csv"
    rows = read(path) if options.draw else []
    for row in () if options.draw else _run(path):
        rows.append(row)
        print(f"{row.axis}: {row.recipe} on {row.model}, {row.texts} texts of {row.words} words: ", end="")
        print(f"{1000 * _cost(row):.1f} ms a text, {row.queries / row.texts:.0f} queries", flush=True)
    draw(rows, path)
    for (recipe, model), exponent in exponents(rows).items():
        print(f"{recipe} on {model}: CPU-seconds a text ~ words ** {exponent}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
