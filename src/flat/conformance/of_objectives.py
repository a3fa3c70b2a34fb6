"""What every objective promises: its declared terms, finite, and draws that come from the training's seed alone."""

import random
from pathlib import Path

import numpy as np
import torch

from flat.conformance.material import CLASSES, MAX_LENGTH, TEXTS, build
from flat.conformance.promises import Promise, Texts, fewer_words
from flat.models.interface import Classifier
from flat.plugins.kinds import Objective
from flat.plugins.registry import MODELS
from flat.training.objective import Weights
from flat.training.pairs import Pairs
from flat.training.strategy import Chosen, chosen
from flat.training.trainer import Options, Outcome, train

EPOCHS = Options(epochs=2, batch_size=2, learning_rate=0.01, select="last")
SMALL = 1e-12


def promises(plugin: Objective, folder: Path) -> list[Promise]:
    """Tried by training a small network, on texts of which every other has an adversarial one."""
    fitting = plugin.built_from or ("vectors", "encoder")
    kind = next(name for name in ("cnn", "encoder") if MODELS[name].built_from in fitting)

    def strategy() -> Chosen:
        return chosen(plugin.name, plugin.options().model_dump(mode="json"), _resources(plugin))

    def trained(texts: Texts, seed: int = 3) -> tuple[Classifier, Outcome]:
        masked = plugin.masked or bool(plugin.weights)
        model = build(MODELS[kind], folder / "encoder", "variational" if masked else "none").train()
        labels = [number % CLASSES for number in range(len(texts))]
        rows = list(range(0, len(texts), 2))
        pairs = Pairs(rows, [[*texts[row][:-1], "fine"] for row in rows])
        weights = Weights(beta=0.1, gamma=0.1) if masked else Weights()
        return model, train(model, texts, labels, (texts, labels), EPOCHS, weights, seed, pairs, strategy=strategy())

    def terms(texts: Texts) -> str | None:
        _, outcome = trained(texts)
        wrong = [name for name, value in outcome.history[-1].items() if not np.isfinite(value)]
        return f"{wrong[0]} is no finite number" if wrong else None

    def seed(texts: Texts) -> str | None:
        _scatter(1)
        first, history = trained(texts)
        _scatter(2)
        second, again = trained(texts)
        gap = max(
            float((a - b).abs().max())
            for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
        )
        if gap > 0:
            return f"one seed gives two models, whose weights lie {gap:.2g} apart"
        return None if history.history == again.history else "one seed gives two histories"

    def moves(texts: Texts) -> str | None:
        fresh = build(MODELS[kind], folder / "encoder", "none")
        before = {name: weight.clone() for name, weight in fresh.state_dict().items()}
        after = trained(texts)[0].state_dict()
        moved = any(float((after[n] - w).abs().max()) > SMALL for n, w in before.items() if n in after)
        return None if moved else "no weight of the model moves"

    def passes(_: Texts) -> str | None:
        counted = strategy().passes
        return None if np.isfinite(counted) and counted >= 1 else f"passes are {counted}: plain training has 1"

    texts = [text[: MAX_LENGTH - 1] for text in TEXTS[:6]]
    return [
        Promise("terms", "the declared terms, each a finite number", [texts], terms, fewer_words),
        Promise("seed", "what it draws comes from the training's seed alone, bit for bit", [texts], seed, fewer_words),
        Promise("learning", "the model's weights move", [texts], moves, fewer_words),
        Promise("passes", "a step counts at least one pass", [texts], passes),
    ]


def _resources(plugin: Objective) -> dict[str, str]:
    from flat.attacks.lexicon.resources import DEFAULTS  # for cost

    return {role: DEFAULTS[role] for role in plugin.roles}


def _scatter(seed: int) -> None:
    """Set every generator that is not the training's own otherwise."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
