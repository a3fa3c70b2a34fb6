"""Every block of README, CONTRIBUTING and docs that is no command: Python has a test, YAML is part of a study.

A language, a study or a block of Python that nothing here knows fails. The commands: test_snippets.py.
"""

import ast
import re
import tomllib

import numpy as np
import page_snippets as pages
import pytest
import yaml
from demo_studies import ROOT, with_blocks

from flat.errors import StudyError
from flat.plugins.kinds import KINDS
from flat.plugins.registry import activate
from flat.study.load import parse

BLOCKS = [block for page in pages.PAGES for block in pages.blocks(page)]


READ = {  # by whom blocks of each language are read
    "": "as commands where they begin with a program; what programs print is compared by the tests of their pages",
    "sh": "tests/unit/docs/test_snippets.py",
    "text": "tests/workflow/test_worked_examples.py compares it with what is printed",
    "diff": "tests/unit/docs/test_worked_hunks.py applies it",
    "python": "below",
    "yaml": "below",
    "toml": "below",
    "snakemake": "tests/workflow/test_as_a_module.py runs it",
}


def test_no_block_is_of_a_language_that_nothing_reads():
    assert {block.language for block in BLOCKS} <= set(READ)


def test_entry_points_of_a_page_are_groups_of_plugins():
    (block,) = [block for block in BLOCKS if block.language == "toml"]
    groups = tomllib.loads(block.text)["project"]["entry-points"]
    assert groups and {group.removeprefix("flat.") for group in groups} <= set(KINDS)


# The first line of each block of Python -> the test that runs it. Blocks that begin with a file's name are plugins:
# worked_examples writes them out
RUN_BY = {
    "import numpy as np\n": "tests/unit/plugins/test_page.py",
    '"""scrambled.py: ': "tests/unit/attacks/test_own_attacks.py",
    '"""near.py: ': "tests/unit/attacks/test_own_attacks.py",
    '"""Two metrics of explanations': "tests/unit/docs/test_metric_page.py",
    '"""Fast gradient training': "tests/unit/training/test_objective_page.py",
    "# my_lexicon.py": "tests/unit/models/test_black_box.py",
    "# my_average.py": "tests/unit/models/test_plugin_models.py",
    "# my_lines.py": "tests/unit/data/test_source_plugins.py",
    "from transformers import pipeline": "tests/unit/models/test_encoder_checkpoint.py",
    "class ByDifference:": "tests/unit/docs/test_snippet_blocks.py",
    "from flat.report import build": "tests/workflow/test_page_snippets.py",
    "from flat.analysis.claims import claim, judge, rows": "tests/workflow/test_page_snippets.py",
    "from flat.files.artefacts import read_table": "tests/workflow/test_page_snippets.py",
    "import mlcroissant as mlc": "tests/workflow/test_exports.py",
}
WHOLE = {"docs/python.md": "tests/workflow/test_use.py"}  # pages that a test runs from their first block to the last
PYTHON = [block for block in BLOCKS if block.language == "python"]


@pytest.mark.parametrize("block", PYTHON, ids=pages.ids(PYTHON))
def test_a_block_of_python_has_a_test(block):
    ast.parse(block.text)
    found = [test for start, test in RUN_BY.items() if block.text.startswith(start)]
    found += [WHOLE[block.page]] if block.page in WHOLE else []
    assert found and (ROOT / found[0]).is_file(), block.text.partition("\n")[0]


def test_the_encoder_by_difference_answers_as_one_that_asks_each_window():
    (block,) = [block for block in PYTHON if block.text.startswith("class ByDifference:")]
    names = {"np": np}
    exec(compile(block.text, str(block), "exec"), names)

    class Sums(names["ByDifference"]):
        def vector_of(self, window):
            return np.array([sum(map(len, window)), len(window)], dtype=float)

        def changed(self, first, whole, window):
            return first + np.subtract([sum(map(len, window)), len(window)], [sum(map(len, whole)), len(whole)])

    windows = [["a", "fine", "film"], ["a", "good", "film"], ["the", "fine", "films"]]
    assert (Sums()(windows) == [[9, 3], [9, 3], [12, 3]]).all() and 0 < Sums.error < 1e-3


# --- studies


YAML = [block for block in BLOCKS if block.language == "yaml"]


def merged(values, more):
    """A study with a page's keys: mappings grow, other values are replaced."""
    if not (isinstance(values, dict) and isinstance(more, dict)):
        return more
    return values | {key: merged(values.get(key), value) for key, value in more.items()}


BASE = with_blocks("main") | {"overrides": [], "guards": {}, "tune": None}
SOFTMAX = {"title": "softmax", "mask": "variational", "beta": 0.1, "switches": {"double_softmax": True}}
# What the pages say before or beside a block, by page and first key
BESIDE = {
    ("docs/study-file.md", "artefacts"): {
        "datasets": {"mine": BASE["datasets"]["sst2"]},
        "strategies": {"FLAT-softmax": SOFTMAX},
    },
    ("docs/add-a-dataset.md", "source"): {},
}


@pytest.mark.parametrize("block", YAML, ids=pages.ids(YAML))
def test_a_block_of_yaml_is_part_of_a_study(block, tmp_path, monkeypatch):
    for source in [python.text for python in PYTHON if python.page == block.page]:
        for name in re.findall(r"[\w-]+\.py", block.text):  # the page's plugin, under the name that the study gives
            if name in source.partition("\n")[0] or not (tmp_path / name).exists():
                (tmp_path / name).write_text(source)
    monkeypatch.chdir(tmp_path)
    said = yaml.safe_load(block.text.replace(", ...}", "}"))
    first = next(iter(said))
    study = merged(BASE, BESIDE.get((block.page, first), {}))
    if first == "source":  # of a data set
        study["datasets"]["imdb"] = study["datasets"]["imdb"] | said
    else:
        study = merged(study, said)
    parse(study)
    activate([])


def test_a_block_that_no_study_could_have_is_found(tmp_path, monkeypatch):
    with pytest.raises(StudyError, match="epoch"):
        parse(merged(BASE, {"models": {"CNN": {"training": {"epoch": 3}}}}))
