"""FLAT in a notebook: open a trained model or a finished study, ask it about a text of one's own."""
