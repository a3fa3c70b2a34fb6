"""Two finished studies side by side (docs/compare.md)."""
