"""FLAT's own metrics."""
