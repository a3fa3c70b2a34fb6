"""Every random draw of a study has its own seed, derived from the study's one seed by hashing names.

So a result depends on what it is, never on when, where or in which order it was computed (docs/method.md).
"""

import hashlib


def seed_of(study_seed: int, *names: object) -> int:
    """A 63-bit seed for the draw that ``names`` describe, for example ``seed_of(7, "sst2", "attack", "test")``."""
    text = "\x1f".join([str(study_seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
