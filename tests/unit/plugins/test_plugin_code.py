"""What plugins are made of decides their digests: an edit changes that of what it may change, and no other."""

import sys
from pathlib import Path

import pytest
from plugin_toys import MINE, again, write

from flat.errors import StudyError
from flat.plugins import code
from flat.plugins.registry import EXPLAINERS, METRICS, activate


@pytest.fixture(autouse=True)
def forget():
    yield
    activate([])


@pytest.fixture
def mine(tmp_path):
    return write(tmp_path / "mine.py", MINE)


def edit(path, old, new):
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new))


def digests(path):
    activate([str(path)])
    return code.digest(EXPLAINERS.found("word-length")), code.digest(METRICS.found("same-first"))


EDITS = {
    "a comment": ("def same(", "# why\ndef same(", (False, False)),
    "a docstring": ("def shared(scores):", "def shared(scores):\n    '''The first.'''", (False, False)),
    "the method": ("len(word)", "-len(word)", (True, False)),
    "its options": ("scale: float = 1.0", "scale: float = 2.0", (True, False)),
    "its declaration": ('title="Length of words"', 'title="Length"', (True, False)),
    "the metric's helper": ("key=scores", "default=0, key=scores", (False, True)),
    "something for all": ("LENGTH = ", "print()\nLENGTH = ", (True, True)),
    "something for none": ("LENGTH = ", "OTHER = 3\nLENGTH = ", (False, False)),
}


@pytest.mark.parametrize(("old", "new", "changed"), EDITS.values(), ids=EDITS)
def test_an_edit_changes_the_digest_of_what_it_may_change(mine, old, new, changed):
    before = digests(mine)
    edit(mine, old, new)
    after = digests(mine)
    assert tuple(a != b for a, b in zip(before, after, strict=True)) == changed


def test_a_neighbour_and_a_named_file_count(tmp_path):
    text = MINE.replace("def shared", "import near\n\n\n    def shared").replace("max(range", "near.big(range")
    mine = write(tmp_path / "mine.py", text.replace("make=length)", "make=length, files=('words.txt',))"))
    write(tmp_path / "near.py", "big = max\n")
    write(tmp_path / "words.txt", "a b")
    before = digests(mine)
    write(tmp_path / "near.py", "big = min\n")
    code.parsed.cache_clear()
    neighbour = digests(mine)
    assert neighbour[0] == before[0] and neighbour[1] != before[1]
    write(tmp_path / "words.txt", "a b c")
    assert digests(mine)[0] != before[0]
    (tmp_path / "words.txt").unlink()
    with pytest.raises(StudyError, match=r"words\.txt: the explainer word-length names it, and it is absent"):
        digests(mine)
    sys.modules.pop("near", None)


def test_an_edit_after_the_plan_is_refused_in_the_job(mine):
    activate([mine])
    needed = {"explainers/word-length": code.made_of("explainers", "word-length")}
    code.ready(needed)
    assert needed["explainers/word-length"]["version"] is None
    edit(mine, "LENGTH = ", "def more():\n    pass\n\n\nLENGTH = ")
    code.ready(needed)  # nothing that the plugin uses
    edit(mine, "len(word)", "2 * len(word)")
    with pytest.raises(StudyError, match="was edited, or removed, after this run"):
        code.ready(needed)


def test_own_digests_follow_the_code_that_a_declaration_names_only():
    """Of a method that is declared by "module:name" the module counts, though nothing imports it."""
    found = EXPLAINERS.found("occlusion")
    statements = code.reached(found.module.source, "OCCLUSION")
    assert len(statements) < 12
    names = code.closure(["flat.interpretation.explainers.occlusion"], code.Places("flat", code.FLAT))
    assert "flat.models.interface" in names and "flat.interpretation.lime_words" not in names


LAZY = """
    from flat.plugins import Explainer

    LAZY = Explainer(name="lazy", make="{make}")
"""


def test_work_may_lie_in_a_neighbour_that_the_job_imports(tmp_path):
    mine = write(tmp_path / "mine.py", LAZY.format(make="heavy_work:explain"))
    write(tmp_path / "heavy_work.py", "def explain(*_):\n    import beside_it\n\n    return beside_it.ANSWER\n")
    write(tmp_path / "beside_it.py", "ANSWER = [7]\n")
    activate([mine])
    found = EXPLAINERS.found("lazy")
    before = code.digest(found)
    assert "heavy_work" not in sys.modules and found.plugin.load()() == [7]
    write(tmp_path / "beside_it.py", "ANSWER = [8]\n")
    assert again(found) != before
    activate([])
    assert str(tmp_path) not in sys.path
    for name in ("heavy_work", "beside_it"):
        del sys.modules[name]


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        ("no_such_work:explain", "there is no module no_such_work"),
        ("no_such.package:explain", "there is no module no_such.package"),
        ("heavy_work:explian", "heavy_work.py has no explian"),
        ("flat.interpretation.lime_words:explian", "lime_words.py has no explian"),
    ],
)
def test_work_that_is_not_there_is_told_before_any_job(tmp_path, make, problem):
    mine = write(tmp_path / "mine.py", LAZY.format(make=make))
    write(tmp_path / "heavy_work.py", "def explain(*_):\n    pass\n")
    activate([mine])
    with pytest.raises(StudyError, match=problem) as told:
        code.made_of("explainers", "lazy")
    assert str(told.value).startswith(f"{mine}: explainer lazy: make is {make}")


def test_compiled_modules_and_computed_names_are_taken_at_their_word(tmp_path):
    mine = write(tmp_path / "mine.py", LAZY.format(make="computed:explain"))
    write(tmp_path / "computed.py", "globals()['explain'] = len\n")
    activate([mine])
    assert code.digest(EXPLAINERS.found("lazy"))
    activate([write(tmp_path / "other.py", LAZY.format(make="math:sqrt"))])
    assert code.digest(EXPLAINERS.found("lazy"))
