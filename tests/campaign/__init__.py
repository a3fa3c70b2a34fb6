"""Faults at random, with a seed: ``python -m tests.campaign`` (make campaign)."""
