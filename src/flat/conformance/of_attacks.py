"""What every attack promises: a ledger that the victim's answers bear out, one for a seed, within its budget."""

from pathlib import Path

import pandas as pd

from flat.attacks.attack import attack_examples
from flat.attacks.ledger import FAILED, SKIPPED, SUCCEEDED
from flat.attacks.lexicon.resources import DEFAULTS, AttackResources
from flat.conformance.material import CLASSES, MAX_LENGTH, TEXTS, own_model
from flat.conformance.promises import NotTried, Promise, Texts, fewer_words
from flat.plugins.kinds import Attack

BUDGET = 12  # questions a text, where the budget is tried


def promises(plugin: Attack, folder: Path) -> list[Promise]:
    """Tried against a small CNN with random weights, with the resources that a study has by default.

    Raises:
        NotTried: it needs a resource that is made of a data set.
    """
    made = [role for role in plugin.roles if role not in DEFAULTS]
    if made:
        raise NotTried(f"it needs {' and '.join(made)}, which a study names or makes of its texts")

    def label(number: int, text: list[str]) -> int:
        """The victim's answer; for every third text one that may be another, so that the victim errs."""
        return number % CLASSES if number % 3 == 2 else int(own_model("cnn", folder).logits([text])[0].argmax())

    def ledger(texts: Texts, seed: int = 7, journal: Path | None = None, **limits):
        model = own_model("cnn", folder)
        examples = pd.DataFrame(
            {
                "example_id": [f"e{number:02d}" for number in range(len(texts))],
                "text": [" ".join(text) for text in texts],
                # every third one has a label that may be wrong: the victim then errs on it
                "label": [
                    n % CLASSES if n % 3 == 2 else int(model.logits([t])[0].argmax()) for n, t in enumerate(texts)
                ],
            }
        )
        given = {name: value for name, value in plugin.options().model_dump().items() if value is not None}
        spec = {"recipe": plugin.name, "resources": {}, "parameters": given, **limits}
        resources = AttackResources({role: DEFAULTS[role] for role in plugin.roles})
        return attack_examples(model, examples, spec, seed, journal=journal, resources=resources).ledger

    def consistent(texts: Texts) -> str | None:
        model = own_model("cnn", folder)
        for row in ledger(texts).itertuples():
            before, after = list(row.original_words), list(row.perturbed_words)
            wrong = int(model.logits([before])[0].argmax()) != row.label
            fooled = int(model.logits([after])[0].argmax()) != row.label
            meant = SKIPPED if wrong else SUCCEEDED if fooled else FAILED
            if row.status != meant:
                return f"the ledger says {row.status}; by the victim's answers it {meant}: {' '.join(after)!r}"
            if row.status == SKIPPED and before != after:
                return "a text that the victim errs on is skipped, and yet changed"
        return None

    def same(texts: Texts) -> str | None:
        first = ledger(texts)
        return None if ledger(texts).equals(first) else "one seed gives two ledgers"

    def alone(texts: Texts) -> str | None:
        whole = ledger(texts)
        other = ledger(texts, journal=folder / f"journal-{abs(hash(str(texts)))}")
        return None if other.equals(whole) else "an attack with a journal gives another ledger"

    def budget(texts: Texts) -> str | None:
        most = int(ledger(texts, query_budget=BUDGET)["queries"].max())
        return f"{most} questions about a text, with a budget of {BUDGET}" if most > BUDGET else None

    texts = [text[: MAX_LENGTH - 2] for text in TEXTS[1:6]]
    return [
        Promise("ledger", "what the ledger says is what the victim answers", [texts], consistent, fewer_words),
        Promise("seed", "one seed gives one ledger, bit for bit", [texts], same, fewer_words),
        Promise("journal", "a journal changes nothing", [texts], alone, fewer_words),
        Promise("budget", "a budget of questions is kept", [texts], budget, fewer_words),
    ]
