"""LIME as an explainer of a study: black boxes by the lime package, networks by FLAT's own code, which is quicker."""

from flat.interpretation import lime_words
from flat.interpretation.word_attribution import WordAttribution
from flat.models.black_box import BlackBox
from flat.models.interface import Classifier


def explain(model: Classifier, texts, targets, seeds, options) -> list[list[WordAttribution]]:
    """As an explainer is called (``flat.plugins.kinds.Explainer``)."""
    if isinstance(model, BlackBox):
        from flat.interpretation import lime_package  # for cost: scikit-learn

        return lime_package.explain(model, texts, targets, seeds, options)
    size = 1024 if model.device.type == "cuda" else 128
    return lime_words.explain(
        model, texts, targets, seeds=seeds, batch_size=size, **options.model_dump(exclude={"repeats"})
    )
