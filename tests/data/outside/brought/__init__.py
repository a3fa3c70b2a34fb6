"""A package outside the repository that brings one plugin of each kind by entry points."""
