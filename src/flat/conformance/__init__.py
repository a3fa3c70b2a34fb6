"""Whether plugins keep what is promised of FLAT's own: ``python -m flat.conformance PACKAGE``."""
