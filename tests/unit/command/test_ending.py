"""What a run says when the study is finished."""

from io import StringIO
from pathlib import Path

import pytest
from explorer_studies import put

from flat.command.printed import console
from flat.command.run import ending
from flat.errors import ArtefactError
from flat.report.explorer import page
from flat.report.explorer.content import content
from flat.report.summary_items import collect
from flat.study import paths


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A finished study, its explorer, and empty files for its tables and figures."""
    monkeypatch.chdir(tmp_path)
    made = put(Path("."), new="indeed")
    of = paths.of(made)
    Path(of.top("explorer.html")).write_text(page.build(made.title, content(made, draws=100)), "utf-8")
    Path(of.top("report.html")).touch()
    for file in (file for item in collect(made) for file in item.missing):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return made


def said(study) -> tuple[list[str], bool]:
    stream = StringIO()
    whole = ending.show(console(stream), study, Path("a study.yaml"))
    ending.pages(console(stream), study)
    return stream.getvalue().splitlines(), whole


def test_findings_flags_claims_and_links(study):
    lines, whole = said(study)
    of = paths.of(study)
    findings = [each["text"] for each in page.facts_of(Path(of.top("explorer.html")))["sentences"]]
    assert whole and len(findings) > 2
    at = lines.index("Findings")
    assert lines[at + 1 : at + 1 + len(findings)] == [f"  {n}. {text}" for n, text in enumerate(findings, 1)]
    assert f"Flags     1 doubtful number (few texts 1): {of.table('guards', 'md')}" in lines
    assert f"Claims    2 inconclusive, 1 not run: {of.claims()}" in lines
    assert any(line.endswith("each in a line: python -m flat.report.summary 'a study.yaml'") for line in lines)
    links = [Path(of.top(f"{name}.html")).absolute().as_uri() for name in ("explorer", "report")]
    assert lines[-2:] == [f"explorer: {links[0]}", f"report:   {links[1]}"]


def test_what_is_missing_is_said(study):
    Path(paths.of(study).table("3", "md")).unlink()
    Path(paths.of(study).top("explorer.html")).unlink()
    lines, whole = said(study)
    assert not whole and any(line.startswith("missing   2 files") and "table3.md" in line for line in lines)
    assert any(line.startswith("Findings  ") and "explorer.html" in line for line in lines)
    assert not any(line.startswith("explorer:") for line in lines)


@pytest.mark.parametrize("text", ["", "<html>", '<script type="text/plain" id="head">AAAA</script>'])
def test_a_page_that_is_none_is_refused(tmp_path, text):
    file = tmp_path / "explorer.html"
    file.write_text(text)
    with pytest.raises(ArtefactError, match="not a page of the explorer"):
        page.facts_of(file)
