"""What every attack promises: a ledger that the victim's answers bear out, one for a seed, within its budget."""

from pathlib import Path

import pandas as pd

from flat.attacks.attack import attack_examples
from flat.attacks.ledger import FAILED, SKIPPED, SUCCEEDED
from flat.attacks.lexicon.resources import DEFAULTS, AttackResources
from flat.conformance.material import CLASSES, MAX_LENGTH, TEXTS, own_model
from flat.conformance.promises import NotTried, Promise, Texts, fewer_words
from flat.files.digests import digest_of
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
                "label": [label(number, text) for number, text in enumerate(texts)],
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

    def resumed(texts: Texts) -> str | None:
        whole, journal = ledger(texts), folder / f"{digest_of(texts)}.jsonl"
        try:
            if not ledger(texts[:1], journal=folder / "first.jsonl").equals(whole[:1]):
                return "a text has another row without the texts that come after it"
            for time in ("written", "read again"):
                if not ledger(texts, journal=journal).equals(whole):
                    return f"an attack whose journal is {time} gives another ledger"
        finally:
            for path in (journal, folder / "first.jsonl"):
                path.unlink(missing_ok=True)
        return None

    def budget(texts: Texts) -> str | None:
        most = int(ledger(texts, query_budget=BUDGET)["queries"].max())
        return f"{most} questions about a text, with a budget of {BUDGET}" if most > BUDGET else None

    texts = [text[: MAX_LENGTH - 2] for text in TEXTS[1:6]]
    return [
        Promise("ledger", "what the ledger says is what the victim answers", [texts], consistent, fewer_words),
        Promise("seed", "one seed gives one ledger, bit for bit", [texts], same, fewer_words),
        Promise("journal", "neither a journal nor the texts beside it change a row", [texts], resumed, fewer_words),
        Promise("budget", "a budget of questions is kept", [texts], budget, fewer_words),
    ]
