"""What does not fit into the explorer: a classic script per attacked cell, beside the page, which loads it when asked.

A page that was opened from a disk may not fetch, but may load scripts. Each calls one function of the page's with
letters: the digest by which the page knows its own chunks, and the two blocks of ``block``. Equal inputs give equal
bytes.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from flat.errors import ArtefactError
from flat.files.artefacts import write_text
from flat.report.explorer.block import embedded, embedded_json, pack
from flat.report.explorer.pairs import Pairs, Source
from flat.study.cells import AttackedCell
from flat.study.grid import attacked_cells

SCRIPT = 'flatChunk("{digest}","{head}","{columns}");\n'
DIGITS = 24  # hex digits of a digest
OWN = re.compile(r".+\.js|\..+\.js\.(.+\.)?part(\.lock)?")  # a chunk, and what a killed job leaves of one


def name_of(attacked: AttackedCell) -> str:
    """Where a cell's chunk lies below the folder: sst2/CNN/FLAT/textfooler/seed0/pwws.js."""
    cell = attacked.cell
    return f"{cell.dataset}/{cell.model}/{cell.strategy}/{cell.train_attack}/seed{cell.seed}/{attacked.attack}.js"


def clear(folder: str | Path) -> None:
    """Make the folder, or delete the chunks of an earlier page in it."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.rglob("*"), reverse=True):  # what lies in a folder before the folder
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
        elif path.is_file() and OWN.fullmatch(path.name):
            path.unlink()


def write(study, root: str, folder: str | Path) -> list[dict]:
    """Write every pair of every attacked cell, a file a cell, each whole or not at all.

    Returns:
        Of each cell, in their order: {file, digest, bytes}.

    Raises:
        ArtefactError: a file is absent or damaged, or two ledgers disagree on a text.
    """
    known, found, source = {}, [], Source.of(study, root)
    for attacked in attacked_cells(study):
        pairs = Pairs(datasets=list(study.datasets))
        source.add(pairs, attacked, set)
        _agree(pairs, known)
        places, data = pack(pairs.columns(study.interpretation.methods))
        head = embedded_json({"ids": pairs.ids, "words": list(pairs.words), "columns": places})
        columns = embedded(data)
        digest = sha256(f"{head} {columns}".encode()).hexdigest()[:DIGITS]
        text = SCRIPT.format(digest=digest, head=head, columns=columns)
        write_text(Path(folder) / name_of(attacked), text)
        found.append({"file": name_of(attacked), "digest": digest, "bytes": len(text)})
    return found


def _agree(pairs: Pairs, known: dict[tuple, bytes]) -> None:
    """Refuse a text that another cell's ledger has otherwise: the page shows one original to all strategies."""
    for key, words in _originals(pairs):
        digest = sha256("\0".join(words).encode()).digest()
        if known.setdefault(key, digest) != digest:
            problem = f"example {key[1]} has another text than in the ledgers before it"
            remedy = "delete the ledgers of the data set and run snakemake again"
            raise ArtefactError(pairs.cells[0]["ledger"], problem, remedy)


def _originals(pairs: Pairs) -> Iterator[tuple[tuple, list[str]]]:
    """Of each text its data set's number and id, and its words."""
    names = list(pairs.words)
    for key, (_, numbers) in pairs.texts.items():
        yield key, [names[number] for number in numbers]
