"""The plugin of docs/plugins.md, as it is printed there."""

import re

import pytest
from demo_studies import DEMO, ROOT

from flat.conformance.__main__ import main
from flat.plugins.registry import EXPLAINERS, activate
from flat.study.load import parse

PAGE = (ROOT / "docs/plugins.md").read_text(encoding="utf-8")


@pytest.fixture
def length(tmp_path, monkeypatch):
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (tmp_path / "length.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    yield "length.py"
    activate([])


def test_a_study_names_it_as_printed(length):
    import yaml

    (said,) = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    values = yaml.safe_load(said)
    interpretation = DEMO["interpretation"] | values["interpretation"]
    study = parse(DEMO | {"plugins": values["plugins"], "interpretation": interpretation})
    assert study.interpretation.length.power == 2.0 and EXPLAINERS["length"].title == "Length of words"


def test_conformance_says_what_is_printed(length, capsys):
    (shown,) = re.findall(r"^```\n(explainer length.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert main([length]) == 0
    assert capsys.readouterr().out == shown
