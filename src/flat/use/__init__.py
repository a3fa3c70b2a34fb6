"""FLAT in a notebook: open a trained model or a finished study, ask it about a text of one's own."""

from flat.use.opening import open_model, open_study

__all__ = ["open_model", "open_study"]
