"""FLAT's own sources."""
