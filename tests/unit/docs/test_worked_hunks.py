"""The diffs of the pages with worked examples: each still fits the code, and what does not is refused by its name."""

import shutil
from pathlib import Path

import pytest
import worked_examples as examples

ROOT = Path(__file__).parents[3]
PAGES = sorted((ROOT / "docs").glob("add-*.md"))
CHANGED = ("src", "rules", "workflow", "config", "tests/data")  # what pages change


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_fits_the_code(page, tmp_path):
    """tests/workflow/test_worked_examples.py runs what they say; this one is quick."""
    for part in CHANGED:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    touched = examples.apply(page, tmp_path)
    assert touched or "```diff" not in page.read_text()


@pytest.mark.parametrize(
    ("diff", "problem"),
    [
        ("--- a/f.py\n+++ b/f.py\n@@\n-x = 1\n+x = 2\n", "stand 2 times"),
        ("--- a/f.py\n+++ b/f.py\n@@\n+x = 2\n", "stand 4 times"),  # no context: anywhere
        ("--- a/g.py\n+++ b/g.py\n@@\n-x = 1\n", "no such file"),
        ("--- /dev/null\n+++ b/f.py\n@@\n+x = 1\n", "such a file already"),
    ],
)
def test_a_hunk_is_refused_where_its_place_is_not_one(tmp_path, diff, problem):
    (tmp_path / "f.py").write_text("x = 1\ny = 1\nx = 1\n")
    (tmp_path / "page.md").write_text(f"# A page\n\n```diff\n{diff}```\n")
    with pytest.raises(examples.DoesNotApply, match=problem):
        examples.apply(tmp_path / "page.md", tmp_path)


def test_hunks_are_carried_out_in_their_order(tmp_path):
    (tmp_path / "f.py").write_text("a\n\nb\n")
    changed = "--- a/f.py\n+++ b/f.py\n@@\n a\n\n+c\n b\n@@\n c\n-b\n"
    page = f"## Here\n```diff\n{changed}--- /dev/null\n+++ b/new/g.py\n@@\n+d\n```\n"
    (tmp_path / "page.md").write_text(page)
    assert examples.apply(tmp_path / "page.md", tmp_path) == {"Here": ["f.py", "new/g.py"]}
    assert (tmp_path / "f.py").read_text() == "a\n\nc\n" and (tmp_path / "new/g.py").read_text() == "d\n"


def test_what_commands_print_is_compared_but_for_numbers():
    assert examples.without_numbers("a 1.50 | -2") == examples.without_numbers("a  7 |\n3.1")
    assert examples.without_numbers("a 1.50") != examples.without_numbers("b 1.50")
