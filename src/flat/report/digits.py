"""Numbers as tables show them: as many decimals as the examples permit, a minus sign, thousands apart."""

import math

P_VALUE = "p"  # the spec of p-values
LEAST_P = 0.001  # p-values below it have a power of ten
FEW = 20  # examples below which a share of one seed stands as k/n
# (examples below this many, decimals): one text of 100 is one point, so that further digits would say nothing
PERCENT_DECIMALS = ((100, 0), (1_000, 1), (math.inf, 2))
MEAN_DECIMALS = ((FEW, 1), (math.inf, 2))


def spec_of(spec: str, unit: str, n: int) -> str:
    """A format with as many decimals as n examples permit, and at most its own."""
    table = PERCENT_DECIMALS if unit == "percent" else MEAN_DECIMALS
    decimals = next(number for below, number in table if n < below)
    return f".{min(decimals, int(spec.strip('+.f')))}f"


def number(value: float, spec: str) -> str:
    """A number as text: no "-0.00", a minus sign for a hyphen, p-values as 0.704 and 1.2e−9."""
    if spec == P_VALUE:
        spec = ".3f" if value >= LEAST_P else ".1e"
    text = format(value, spec)
    text = text.lstrip("+-") if float(text.replace(",", "")) == 0 else text
    return _signs(text)


def _signs(text: str) -> str:
    """A minus sign for a hyphen, e−9 for e-09."""
    return text.replace("e-0", "e-").replace("-", "−")


def printed(text: str) -> str:
    """A printed value in the signs of ours: 6,920 of 6920, 0.704 of 7.04e-01, −0.028 of -0.028."""
    try:
        value = float(text)
    except ValueError:
        return text  # – where the paper has none
    if "e" in text and value >= LEAST_P:
        return f"{value:.3f}"
    return f"{value:,.0f}" if text.isdigit() else _signs(text)
