"""The hash of an attack lock, by itself: whoever compares locks need not load what attacks are made of."""

import hashlib
import json
from collections.abc import Mapping


def lock_hash(lock: Mapping) -> str:
    """SHA-256 of a lock; equal locks have equal hashes whatever the order of their keys."""
    return hashlib.sha256(json.dumps(lock, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
