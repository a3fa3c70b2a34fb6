"""Files of a run without the words of its texts, so that the pipeline's own code still counts the same numbers.

Every word of a text becomes one of three tokens: whether the model's vocabulary holds it, or, where the model looks no
words up, that it is a word. A vocabulary becomes the one token that stands for its words. Ids, labels, outcomes,
logits, counts and positions stay as they are.
"""

import io
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

import pyarrow as pa

from flat.analysis.measurements import ledger_values
from flat.attacks import ledger
from flat.data.overlap import letters_only
from flat.errors import ArtefactError
from flat.files.artefacts import read_json, read_table

KNOWN, UNKNOWN, WORD = "known", "unknown", "word"
VOCABULARY = {"counts": [1], "words": [KNOWN]}
MADE_BY = ["example_id", "status", "attack_hash"]  # what guards read of an attack on train, and its outcome
SUMS = pa.schema(
    [
        ("example_id", pa.string()),
        ("side", pa.string()),
        ("target", pa.int64()),
        ("completeness", pa.float32()),
        ("steps", pa.int32()),
    ]
)
SPLIT = pa.schema([("text", pa.string())])


def parquet(frame, schema: pa.Schema) -> bytes:
    """A frame as plain parquet: the archive is compressed, and finds in plain columns what files have in common."""
    import pyarrow.parquet as pq  # for cost

    table = pa.Table.from_pandas(frame[schema.names], schema=schema, preserve_index=False)
    out = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata(None), out, compression="none", use_dictionary=False, write_statistics=False
    )
    return out.getvalue()


def same_bytes(path: Path, schema: pa.Schema) -> bytes:
    """A file that holds no text, as it is but for the way it is written."""
    return parquet(read_table(path, schema.names), schema)


def token(word: str, vocabulary: Collection[str] | None) -> str:
    """What stands for a word; nothing for nothing, which marks inserted and dropped words among swaps."""
    if not word:
        return ""
    if vocabulary is None:
        return WORD
    return KNOWN if word.lower() in vocabulary else UNKNOWN


def wordless_ledger(frame, vocabulary: Collection[str] | None, where: str):
    """A test ledger (``flat.attacks.ledger.SCHEMA``) without texts, every number recounted from it the same.

    Args:
        vocabulary: the words that the model looks up, lower-cased; None of a model that looks none up.

    Raises:
        ArtefactError: a number is not the same.
    """
    kept = frame.copy()
    kept["original"] = kept["perturbed"] = ""
    for column in ("original_words", "perturbed_words"):
        kept[column] = [[token(word, vocabulary) for word in words] for words in frame[column]]
    kept["swaps"] = [
        [dict(swap) | {side: token(swap[side], vocabulary) for side in ("from", "to")} for swap in swaps]
        for swaps in frame["swaps"]
    ]
    stands_for = None if vocabulary is None else frozenset(VOCABULARY["words"])
    before, after = ledger_values(frame, vocabulary, where), ledger_values(kept, stands_for, where)
    for metric, value in before.items():
        if str(after.get(metric)) != str(value):  # as text, for NaN equals itself there
            problem = f"without its words {metric} is {after.get(metric)}, with them {value} (value, n)"
            raise ArtefactError(where, problem, "this is a defect of the pipeline: report it")
    return kept


@cache
def words_of(vocabulary: Path) -> frozenset[str]:
    return frozenset(read_json(vocabulary)["words"])


def ledger_bytes(path: Path, vocabulary: Path | None = None) -> bytes:
    """A test ledger's file without texts; ``vocabulary``: the data set's, where the model looks words up."""
    known = None if vocabulary is None else words_of(vocabulary)
    return parquet(wordless_ledger(read_table(path, ledger.SCHEMA.names), known, str(path)), ledger.SCHEMA)


def outcome_bytes(path: Path) -> bytes:
    """Ids, outcomes and attack of a ledger alone."""
    return parquet(read_table(path, MADE_BY), pa.schema([ledger.SCHEMA.field(name) for name in MADE_BY]))


def sums_bytes(path: Path) -> bytes:
    """Attributions without words and scores: by how much each text's sum misses completeness."""
    return parquet(read_table(path, SUMS.names), SUMS)


def split_texts(splits: Sequence[Path]) -> list[bytes]:
    """Dev and test as tokens: two texts have the same one where ``flat.data.overlap`` takes them for the same."""
    import pandas as pd  # for cost

    places: dict[str, int] = {}
    found = []
    for path in splits:
        texts = read_table(path, ["text"])["text"]
        numbers = [places.setdefault(letters_only(text), len(places)) for text in texts]
        found.append(parquet(pd.DataFrame({"text": [f"t{number}" for number in numbers]}), SPLIT))
    return found


def opposed(frame):
    """The frame of antonyms (``flat.analysis.antonyms.SCHEMA``) without the words."""
    pairs = [[f"{WORD} > {WORD}" for _ in words] for words in frame["antonyms"]]
    return frame.assign(antonyms=pairs).astype({"antonyms": object})  # of no row it would be a column of numbers
