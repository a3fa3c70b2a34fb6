"""Attacks of TextAttack beyond the paper's seven, built like those (``flat.attacks.textattack_adapter.recipes``)."""

from flat.attacks.textattack_adapter import components
from flat.attacks.textattack_adapter.recipes import (
    Recipe,
    constraint,
    masked,
    max_candidates,
    ranking,
    similarity,
    stopwords,
    synonym_space,
    with_resources,
)

_whole_texts = {
    "similarity_threshold": (constraint("SentenceEncoder"), "threshold"),
    "compare_against_original": (constraint("SentenceEncoder"), "compare_against_original"),
}


def _before(kind: str):
    """From a built attack to a constraint that acts before its transformation."""
    return lambda attack: [c for c in attack.pre_transformation_constraints if type(c).__name__ == kind]


RECIPES: dict[str, Recipe] = {
    "deepwordbug": Recipe(
        module="deepwordbug_gao_2018",
        name="DeepWordBugGao2018",
        replace={"StopwordModification": stopwords},
        parameters={
            "max_edit_distance": (constraint("LevenshteinEditDistance"), "max_edit_distance"),
            **ranking,
        },
        arguments=("use_all_transformations",),
    ),
    "pruthi": Recipe(
        module="pruthi_2019",
        name="Pruthi2019",
        replace={"StopwordModification": stopwords},
        parameters={
            "max_num_word_swaps": (constraint("MaxWordsPerturbed"), "max_num_words"),
            "min_length": (_before("MinWordLength"), "min_length"),
        },
    ),
    "textbugger": Recipe(
        module="textbugger_li_2018",
        name="TextBuggerLi2018",
        replace={
            "WordSwapEmbedding": synonym_space["WordSwapEmbedding"],
            "WordSwapHomoglyphSwap": with_resources(components.HomoglyphSwap),
            "UniversalSentenceEncoder": similarity,
            "StopwordModification": stopwords,
        },
        parameters={
            "max_candidates": (lambda attack: attack.transformation.transformations[-1:], "max_candidates"),
            **_whole_texts,
        },
    ),
    "a2t": Recipe(
        module="a2t_yoo_2021",
        name="A2TYoo2021",
        replace={
            **synonym_space,
            "PartOfSpeech": with_resources(components.PartOfSpeech, tagger="tagger"),
            "SBERT": with_resources(components.SentenceBert, encoder="sentence_encoder"),
            "StopwordModification": stopwords,
        },
        parameters={
            "max_candidates": max_candidates,
            "min_cos_sim": (constraint("WordEmbeddingDistance"), "min_cos_sim"),
            "max_rate": (_before("MaxModificationRate"), "max_rate"),
            "allow_verb_noun_swap": (constraint("PartOfSpeech"), "allow_verb_noun_swap"),
            **_whole_texts,
        },
    ),
    "bert-attack": Recipe(
        module="bert_attack_li_2020",
        name="BERTAttackLi2020",
        replace={
            "WordSwapMaskedLM": masked("swap", masked_language_model="masked_language_model"),
            "UniversalSentenceEncoder": similarity,
            "StopwordModification": stopwords,
        },
        parameters={
            "max_candidates": max_candidates,
            "max_percent": (constraint("MaxWordsPerturbed"), "max_percent"),
            **_whole_texts,
        },
    ),
}
DEEPWORDBUG, PRUTHI, TEXTBUGGER, A2T, BERT_ATTACK = RECIPES.values()  # as their declarations name them
