"""Named columns of numbers as one block of bytes that a browser reads as typed arrays, and how a block is embedded.

Equal columns give equal bytes.
"""

import base64
import json
import zlib
from collections.abc import Mapping, Sequence

import numpy as np

ALIGNED = 4  # bytes: where each column may begin


def smallest(values: Sequence[int]) -> np.ndarray:
    """Whole numbers from 0 as the smallest type that holds them."""
    found = np.asarray(values, dtype=np.int64)
    most = int(found.max()) if len(found) else 0
    return found.astype(np.uint8 if most < 2**8 else np.uint16 if most < 2**16 else np.uint32)


def pack(columns: Mapping[str, np.ndarray]) -> tuple[dict[str, list], bytes]:
    """Name -> [type, offset in bytes, length], and the bytes: little-endian, each column aligned."""
    places, parts, at = {}, [], 0
    for name, column in columns.items():
        data = column.astype(column.dtype.newbyteorder("<")).tobytes()
        places[name] = [str(column.dtype), at, len(column)]
        filled = data + b"\0" * (-len(data) % ALIGNED)
        parts.append(filled)
        at += len(filled)
    return places, b"".join(parts)


def embedded(data: bytes) -> str:
    """Bytes deflated and in base64: letters that end no element of a page."""
    return base64.b64encode(zlib.compress(data, 9)).decode("ascii")


def taken_out(text: str) -> bytes:
    """The bytes of ``embedded``."""
    return zlib.decompress(base64.b64decode(text))


def embedded_json(value: object) -> str:
    return embedded(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode())
