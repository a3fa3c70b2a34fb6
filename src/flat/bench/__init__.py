"""``make bench``: how much faster than the tools people use, at the same answers (docs/performance.md)."""
