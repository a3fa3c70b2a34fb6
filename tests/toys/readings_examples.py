"""Studies with a table of readings: the demo's with other rows."""

import copy

import yaml
from table_examples import ROOT

DEMO = yaml.safe_load((ROOT / "config/demo.yaml").read_text())
FLAT = {"title": "FLAT", "mask": "variational", "beta": 0.1, "gamma": 0.1}


def demo(rows, *, strategies=None, masked=True, **changes):
    """The demo study's values with a readings block; ``masked``: with a copy of SST2 that masks unknown words."""
    values = copy.deepcopy(DEMO)
    values["strategies"] |= strategies or {}
    if masked:
        values["datasets"]["sst2-masked"] = copy.deepcopy(values["datasets"]["sst2"])
        values["datasets"]["sst2-masked"]["cleaning"]["mask_unknown"] = True
    cells = [dict(zip(("dataset", "model", "strategy"), cell, strict=True)) for cell in rows]
    values["artefacts"]["readings"] = {"attack": "textfooler", "rows": cells}
    return values | changes


ROWS = [("sst2", "CNN", "FLAT"), ("sst2", "CNN", "softmax"), ("sst2-masked", "CNN", "FLAT")]
SOFTMAX = {"softmax": FLAT | {"switches": {"double_softmax": True}}}
