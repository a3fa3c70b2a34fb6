"""Learned word importance: phi against how often a word occurs and is substituted, and against its synonyms' phi.

Paper, section 6: Table 9 and Fig. 4 (correlations), Fig. 5 (distances between synonyms).
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa

from flat.errors import ArtefactError

SCHEMA = pa.schema(
    [
        ("word", pa.string()),
        ("phi", pa.float64()),
        ("frequency", pa.int64()),  # count in train
        ("substitution_frequency", pa.int64()),  # times an attack replaced it in the train texts
    ]
)
SYNONYMS_SCHEMA = pa.schema(
    [
        ("word", pa.string()),
        ("synonym", pa.string()),
        ("phi_word", pa.float64()),
        ("phi_synonym", pa.float64()),
        ("distance", pa.float64()),  # |phi_word - phi_synonym|
    ]
)
CORRELATIONS = {
    "word_importance-word_frequency": ("phi", "frequency"),
    "word_importance-substitution_frequency": ("phi", "substitution_frequency"),
    "word_frequency-substitution_frequency": ("frequency", "substitution_frequency"),
}
CANDIDATES = 50  # neighbours looked at for synonyms: as many as TextFooler's swap takes


class Neighbours(Protocol):
    """A synonym space: the words it knows and the nearest others of each, nearest first, with their cosines."""

    index: Mapping[str, int]

    def neighbours(self, word: str, k: int) -> list[tuple[str, float]]: ...


def word_phi(model, words: Sequence[str], batch_size: int = 4096) -> np.ndarray:
    """(words,) phi of each word by itself: phi depends on a word's embedding alone. Of pieces, the largest.

    Raises:
        RuntimeError: the model is in training mode.
        ValueError: the model has no mask, so that no importance was learned.
    """
    import torch  # for cost

    from flat.models.interface import word_phi as of_words  # for cost: torch

    if model.training:
        raise RuntimeError("word_phi of a model in training mode; call eval() first")
    found = []
    with torch.inference_mode():
        for start in range(0, len(words), batch_size):
            batch = model.encode([[word] for word in words[start : start + batch_size]]).to(model.device)
            if model.mask.phi(model.embed(batch), batch) is None:
                raise ValueError("the model has no word mask: it learned no word importance")
            found.append(of_words(model.phi(batch), batch, 1)[:, 0].double().cpu().numpy())
    return np.concatenate(found) if found else np.empty(0)


def substitutions(ledgers: Iterable, known: Iterable[str]) -> Counter:
    """How often each word was replaced in the adversarial texts of these ledgers; a failed best try counts too.

    A word is counted as it stands if the vocabulary knows it so, else lower-cased, as the models look words up.
    """
    known = set(known)
    counts: Counter = Counter()
    for ledger in ledgers:
        for swaps in ledger["swaps"]:
            for swap in swaps:
                word = swap["from"]
                counts[word if word in known else word.lower()] += 1
    return counts


def importance(model, vocabulary: Mapping[str, Sequence], ledgers: Iterable):
    """The importance frame (SCHEMA): every vocabulary word that occurs in train, in the vocabulary's order.

    Words that were never substituted are in, with 0; padding, the unknown word and words counted only in dev are not.

    Args:
        vocabulary: content of vocabulary.json, "words" and "counts".
        ledgers: attacks on the train split that made the model's adversarial texts, one per round.

    Raises:
        ArtefactError: words and counts differ in number.
    """
    import pandas as pd  # for cost

    words, counts = list(vocabulary["words"]), list(vocabulary["counts"])
    if len(words) != len(counts):
        raise ArtefactError(
            "vocabulary.json", f"{len(words)} words but {len(counts)} counts", "delete it and run snakemake again"
        )
    kept = [(word, int(count)) for word, count in zip(words, counts, strict=True) if count > 0]
    replaced = substitutions(ledgers, words)
    frame = pd.DataFrame(kept, columns=["word", "frequency"])
    frame["phi"] = word_phi(model, frame["word"].tolist())
    frame["substitution_frequency"] = [replaced[word] for word in frame["word"]]
    return frame[SCHEMA.names]


def correlations(frame) -> list[dict]:
    """Table 9: Pearson's r of each of CORRELATIONS with its two-sided p, over the frame's words: correlation, r, p, n.

    NaN where r is undefined: fewer than three words, or a column that is constant.
    """
    from scipy.stats import pearsonr  # for cost

    rows = []
    for name, (a, b) in CORRELATIONS.items():
        x, y = frame[a].to_numpy(float), frame[b].to_numpy(float)
        defined = len(x) >= 3 and np.ptp(x) > 0 and np.ptp(y) > 0
        r, p = pearsonr(x, y) if defined else (float("nan"), float("nan"))
        rows.append({"correlation": name, "r": float(r), "p": float(p), "n": len(frame)})
    return rows


def synonym_pairs(
    words: Iterable[str], neighbours: Neighbours, n_words: int = 1000, n_synonyms: int = 10, seed: int = 0
) -> list[tuple[str, str]]:
    """``n_words`` random words with their up to ``n_synonyms`` nearest synonyms, both from ``words`` (Fig. 5).

    Synonyms outside ``words`` are left out: a word model reads them all as its unknown word. Words without any synonym
    are not drawn. The draw depends on the set of words and the seed, not on their order or on the model.
    """
    known = set(words)
    order = sorted(known)
    pairs, drawn = [], 0
    for i in np.random.default_rng(seed).permutation(len(order)):
        if drawn == n_words:
            break
        word = order[i]
        if word not in neighbours.index:
            continue
        near = [other for other, _ in neighbours.neighbours(word, max(CANDIDATES, n_synonyms))]
        synonyms = [other for other in near if other in known and other != word][:n_synonyms]
        pairs += [(word, synonym) for synonym in synonyms]
        drawn += bool(synonyms)
    return pairs


def distances(frame, pairs: Iterable[tuple[str, str]]):
    """The synonyms frame (SYNONYMS_SCHEMA) of word pairs, phi taken from an importance frame.

    Raises:
        ArtefactError: a word of a pair is not in the frame.
    """
    import pandas as pd  # for cost

    phi = dict(zip(frame["word"], frame["phi"], strict=True))
    pairs = list(pairs)
    absent = sorted({word for pair in pairs for word in pair if word not in phi})
    if absent:
        raise ArtefactError("synonym pairs", f"no importance of {absent[0]!r}", "draw pairs from the frame's own words")
    found = pd.DataFrame(pairs, columns=["word", "synonym"])
    found["phi_word"] = [phi[word] for word, _ in pairs]
    found["phi_synonym"] = [phi[synonym] for _, synonym in pairs]
    found["distance"] = (found["phi_word"] - found["phi_synonym"]).abs()
    return found
