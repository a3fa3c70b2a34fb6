"""What does not fit into the explorer lies beside it: all pairs of each cell, whole files, none of an earlier page."""

import base64
import json
import re
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from explorer_studies import opened, put

from flat.errors import ArtefactError
from flat.files.artefacts import read_table
from flat.report.explorer import chunks, page
from flat.report.explorer.content import Content, content
from flat.study import paths
from flat.study.grid import attacked_cells

DRAWS = 10
LIMIT = 8000  # bytes: a page of all pairs has more
TEXTS = [f"text {at} of many words {at * at} {at * 7919}" for at in range(40)]
FORM = re.compile(r'flatChunk\("([0-9a-f]{24})","([A-Za-z0-9+/=]+)","([A-Za-z0-9+/=]+)"\);\n')


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return put(tmp_path_factory.mktemp("chunks"), TEXTS)


def made(study, folder, limit: int) -> tuple[Content, dict[str, bytes]]:
    """A page cut to a limit, and the files beside it."""
    whole = content(study, root="", limit=limit, draws=DRAWS, folder=folder)
    return whole, {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.js"))}


@pytest.fixture(scope="module")
def cut(study, tmp_path_factory):
    return made(study, tmp_path_factory.mktemp("beside") / "explorer", LIMIT)


def test_a_chunk_holds_every_pair_of_its_cell(study, cut):
    whole, files = cut
    facts, _ = opened(whole)
    assert whole.chunked and {cell["shown"] for cell in facts["cells"]} != {40}
    assert sorted(files) == sorted(each["file"] for each in facts["chunks"])
    for attacked, chunk in zip(attacked_cells(study), facts["chunks"], strict=True):
        text = files[chunk["file"]].decode("ascii")
        digest, head, columns = FORM.fullmatch(text).groups()
        assert (digest, len(text)) == (chunk["digest"], chunk["bytes"]) and chunk["file"] == chunks.name_of(attacked)
        held = json.loads(zlib.decompress(base64.b64decode(head)))
        block = zlib.decompress(base64.b64decode(columns))
        kind, at, length = held["columns"]["status"]
        ledger = read_table(paths.test_ledger(study, attacked)).sort_values("example_id")
        assert held["ids"] == list(ledger["example_id"])
        shown = [facts["statuses"][each] for each in np.frombuffer(block, kind, length, at)]
        assert shown == list(ledger["status"])


def test_equal_inputs_give_equal_files(study, cut, tmp_path):
    again = made(study, tmp_path / "explorer", LIMIT)
    assert again == cut and page.build("t", again[0]) == page.build("t", cut[0])
    assert made(study, tmp_path / "explorer", LIMIT) == cut  # over the old ones


def test_a_study_that_fits_leaves_no_file_of_an_earlier_page(study, tmp_path):
    folder = tmp_path / "explorer"
    _, files = made(study, folder, LIMIT)
    first = folder / next(iter(files))
    first.with_name(f".{first.name}.host.1.part").write_text("left of a kill")
    (folder / "notes.json").write_text("not of the page's")
    whole, files = made(study, folder, 2**20)
    assert not whole.chunked and files == {} and opened(whole)[0]["chunks"] == []
    assert [each.name for each in folder.rglob("*")] == ["notes.json"]


def test_a_smaller_grid_leaves_no_chunk_of_a_larger_one(study, tmp_path):
    folder = tmp_path / "explorer"
    made(study, folder, LIMIT)
    strategies = {name: of for name, of in study.strategies.items() if name != "FLAT"}
    main = study.artefacts.main.model_copy(update={"strategies": list(strategies)})
    smaller = study.model_copy(
        update={"strategies": strategies, "artefacts": study.artefacts.model_copy(update={"main": main})}
    )
    _, files = made(smaller, folder, 7000)
    assert {name.split("/")[2] for name in files} == {"base", "adv"} and not (folder / "sst2/CNN/FLAT").exists()


def test_without_a_folder_the_page_has_its_draw_alone(study, cut):
    alone = content(study, root="", limit=LIMIT, draws=DRAWS)
    assert not alone.chunked and opened(alone)[0]["chunks"] == []


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {toys!r})
from explorer_studies import study
from flat.files import artefacts
from flat.report.explorer.content import content
written = []
whole = Path.write_text
def half(path, text, encoding):
    written.append(path)
    if len(written) == 2:
        with path.open("w") as file:
            file.write(text[: len(text) // 2])
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    return whole(path, text, encoding)
Path.write_text = half
content(study(Path({folder!r})), root="", limit={limit}, draws=10, folder={beside!r})
"""


def test_a_killed_job_leaves_whole_chunks_alone(study, cut, tmp_path):
    beside, toys = tmp_path / "explorer", str(Path(__file__).parents[2] / "toys")
    script = KILLED.format(limit=LIMIT, toys=toys, folder=str(Path(study.results).parent), beside=str(beside))
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    left = {str(path.relative_to(beside)): path.read_bytes() for path in beside.rglob("*.js")}
    assert len(left) == 1 and left.items() <= cut[1].items()
    assert list(beside.rglob(".*.part"))  # what it was at
    assert made(study, beside, LIMIT) == cut and not list(beside.rglob(".*.part"))


def test_ledgers_that_disagree_on_a_text_outside_the_draw_are_refused(tmp_path):
    study = put(tmp_path, TEXTS)
    place = Path(paths.test_ledger(study, attacked_cells(study)[-1]))
    ledger = read_table(place)
    facts, columns = opened(content(study, root="", limit=LIMIT, draws=DRAWS))
    drawn = {facts["ids"][text] for text in columns["text"]}
    outside = ~ledger["example_id"].isin(drawn)
    assert outside.any()
    told = zip(ledger["original_words"], outside, strict=True)
    ledger["original_words"] = [["other", *words[1:]] if other else words for words, other in told]
    ledger.to_parquet(place)
    with pytest.raises(ArtefactError, match="has another text") as refused:
        made(study, tmp_path / "explorer", LIMIT)
    assert str(place) in str(refused.value)


def test_a_page_with_chunks_lets_nothing_else_run(cut):
    html = page.build("t", cut[0])
    first, second = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    digest = re.search(r"'sha256-[^']+'", first).group()
    nonce = re.search(r'<script nonce="([0-9a-f]{32})">', html).group(1)
    assert f"script-src {digest} 'nonce-{nonce}';" in first and second == f"script-src {digest} 'self'"
    assert html.count(nonce) == 2 and nonce not in cut[0].head + cut[0].columns
