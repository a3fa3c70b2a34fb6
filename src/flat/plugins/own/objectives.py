"""FLAT's own objectives."""
