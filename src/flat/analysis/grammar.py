"""Grammar errors of a text, as Harper's rules find them: no server, nothing asked over the network.

Morris et al. 2020 (Reevaluating adversarial examples) count the errors that an attack introduces, with LanguageTool.
Harper (https://writewithharper.com) checks English in this process; harper-py binds it to Python. Its groups of rules
say what counts. Texts here are lower-cased and cut into tokens by their corpora, so that rules about capitals,
punctuation, spacing and spelling would judge the corpus: they are off, which also spares more than half of the time.
"""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version

GROUPS = ("Grammar and Agreement", "Pronouns and Possession")  # by Harper's own names
ALSO = ("AnA", "AnAnother", "AnotherAn", "RepeatedWords")  # articles and repetition, which it files elsewhere
NOT = (
    "ItsContraction",  # apostrophes are punctuation
    "ItsPossessive",
    "PronounContraction",
    "WrongNegative",  # takes unknown words, such as <unk>, for misspelt negative ones
)
BEFORE = re.compile(r" (?=n't\b|'(?:s|re|ve|ll|d|m)\b|[.,;:!?%)\]])")  # spaces that a tokeniser put before a token
AFTER = re.compile(r"(?<=[(\[$]) ")  # and after one

log = logging.getLogger("flat")


class Harper:
    """Harper's English grammar rules; making one takes half a second. ``name``: the library and its version.

    Raises:
        ImportError: harper-py is not installed, or has no wheel for this platform.
    """

    def __init__(self):
        import harper  # for cost

        self.name = f"harper-py {version('harper-py')}"
        self._linter = harper.Linter()
        groups = {group["label"]: group["child"] for group in _groups(self._linter.get_structured_lint_config())}
        on = {rule for label in GROUPS for rule in _rules(groups[label])}.union(ALSO).difference(NOT)
        usual = self._linter.get_default_lint_config()
        self._linter.set_lint_config({rule: default and rule in on for rule, default in usual.items()})

    def errors(self, texts: Iterable[str]) -> dict[str, int]:
        """Number of errors by text, each distinct text checked once."""
        return {text: len(self._linter.lint(plain(text), language="plaintext")) for text in sorted(set(texts))}


def checker() -> Harper | None:
    """Harper, or None where it cannot be imported; the log says why."""
    try:
        return Harper()
    except ImportError as error:
        log.warning("grammar errors are not counted: %s (pip install harper-py, or make setup)", error)
        return None


def plain(text: str) -> str:
    """A tokenised text as it is written: "it 's fun , is n't it ?" -> "it's fun, isn't it?"."""
    return AFTER.sub("", BEFORE.sub("", text))


def _groups(settings: Mapping) -> Iterator[Mapping]:
    return (setting["Group"] for setting in settings["settings"] if "Group" in setting)


def _rules(settings: Mapping) -> Iterator[str]:
    return (setting["Bool"]["name"] for setting in settings["settings"] if "Bool" in setting)
