"""Gene's own language model: Google's, trained on the One Billion Word corpus, as TextAttack runs it."""

import importlib.util
from pathlib import Path

from flat.errors import ResourceError


def load(folder: str | Path):
    """TextAttack's helper around the unpacked model: ``get_words_probs(previous, words)``.

    Raises:
        ResourceError: TensorFlow is not installed (it is in no lock of this pipeline), or a file is absent.
    """
    if importlib.util.find_spec("tensorflow") is None:
        raise ResourceError(
            str(folder),
            "the One Billion Word language model runs on TensorFlow, which is not installed",
            "pip install tensorflow, or set language_model: bigrams@train in the attack's resources",
        )
    from flat.attacks.textattack_adapter.environment import textattack  # for cost: TextAttack

    stock = textattack.constraints.grammaticality.language_models.google_language_model.alzantot_goog_lm
    found = sorted(Path(folder).rglob("graph-2016-09-10-gpu.pbtxt"))
    if not found:
        raise ResourceError(str(folder), "holds no graph-2016-09-10-gpu.pbtxt", "fetch the resource again")
    utils = textattack.shared.utils
    before = utils.download_from_s3
    utils.download_from_s3 = lambda path: str(found[0].parent)  # where TextAttack would put what it downloads
    try:
        return stock.GoogLMHelper()
    finally:
        utils.download_from_s3 = before
