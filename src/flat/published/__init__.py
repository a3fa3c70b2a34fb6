"""A study's small files as one archive a seed, without texts, and what is redrawn from them (docs/published.md)."""
