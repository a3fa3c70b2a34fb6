"""FLAT: adversarial training that looks at both prediction and interpretation (Chen & Ji, AAAI 2022)."""

__version__ = "0.2.0"
