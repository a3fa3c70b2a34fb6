"""Damaged notes of an interrupted job: nothing of them is believed, and the work ends with the same bytes.

Bits are flipped at random in each part of a line and of a checkpoint, files are cut at every length, lines are lost,
doubled, swapped and brought in from another job.
"""

import json
import random

import pytest
import torch
from attack_runs import as_bytes, run
from attack_toys import toy_examples
from training_toys import data, make

from flat.attacks.journal import Journal as AttackJournal
from flat.errors import ArtefactError
from flat.resume.checkpoints import Checkpoints
from flat.resume.journal import Journal
from flat.training.objective import Weights
from flat.training.trainer import Options, train

pytestmark = pytest.mark.fault
SEED = 17
FLIPS = 10  # of each part of the notes of an attack and of a checkpoint


def flipped(raw: bytes, place: int, bit: int) -> bytes:
    return raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[place + 1 :]


def flips(parts: dict[str, list[int]], raw: bytes, count=FLIPS):
    """(part, bytes with one bit flipped there), seeded."""
    rng = random.Random(SEED)
    for part, places in parts.items():
        for _ in range(count):
            yield part, flipped(raw, rng.choice(places), rng.randrange(8))


def parts_of_lines(raw: bytes) -> dict[str, list[int]]:
    """Places of a journal's bytes by what they are part of."""
    parts = {f"{which} {what}": [] for which in ("first", "middle", "last") for what in ("content", "hash", "ends")}
    lines, start = raw.splitlines(keepends=True), 0
    for number, line in enumerate(lines):
        which = "first" if number == 0 else "last" if number == len(lines) - 1 else "middle"
        tab = line.rindex(b"\t")
        parts[f"{which} content"] += range(start, start + tab)
        parts[f"{which} hash"] += range(start + tab + 1, start + len(line) - 1)
        parts[f"{which} ends"] += [start + tab, start + len(line) - 1]
        start += len(line)
    parts["last ends"].append(parts["middle ends"].pop())  # without it the last two lines are one
    return parts


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """Journal and ledger of an undisturbed attack, and how to run it on another journal."""
    folder = tmp_path_factory.mktemp("attack")
    examples = toy_examples().head(5)
    path = folder / "attack.journal"

    def again(raw: bytes) -> tuple[bytes, bool]:
        """The ledger of a run on these notes, and whether they were set aside."""
        stale = folder / "attack.journal.stale"
        stale.unlink(missing_ok=True)
        path.write_bytes(raw)
        ledger = as_bytes(run(folder, "pwws", examples, journal=path), folder)
        assert not stale.exists() or stale.read_bytes() == raw
        return ledger, stale.exists()

    ledger = as_bytes(run(folder, "pwws", examples, journal=path), folder)
    return path.read_bytes(), ledger, again


def test_a_flipped_bit_in_the_notes_of_an_attack_changes_no_ledger(attacked, caplog):
    raw, ledger, again = attacked
    for part, damaged in flips(parts_of_lines(raw), raw):
        caplog.clear()
        found, aside = again(damaged)
        assert found == ledger, part
        if not part.startswith("last"):
            assert aside and "attack.journal is" in caplog.text and "set aside as attack.journal.stale" in caplog.text


def test_notes_of_an_attack_that_are_cut_anywhere_change_no_ledger(attacked):
    raw, ledger, again = attacked
    first = raw.index(b"\n") + 1
    for length in [*range(0, first, 23), *range(first, len(raw), 251), len(raw) - 1]:
        for tail in (b"", bytes(40)):
            found, aside = again(raw[:length] + tail)
            assert found == ledger and aside == (length < first), length


VALUES = {f"e{n}": {"scores": [0.1 * n, -1e-7], "words": ["a", "é\t"], "none": None} for n in range(5)}


def written(path, digest="digest", values=VALUES) -> bytes:
    journal = Journal(path, digest)
    for key, value in values.items():
        journal.append({key: value})
    journal.close()
    return path.read_bytes()


def read(path, raw: bytes) -> tuple[dict, bool]:
    """What a job finds noted in these bytes, and whether it set them aside."""
    stale = path.with_name(f"{path.name}.stale")
    stale.unlink(missing_ok=True)
    path.write_bytes(raw)
    journal = Journal(path, "digest")
    journal.close()
    return journal.noted, stale.exists()


def noted_after_another(path) -> dict:
    """What is noted once a job has gone on from what is there."""
    journal = Journal(path, "digest")
    journal.append({"more": 1})
    journal.close()
    journal = Journal(path, "digest")
    journal.close()
    return journal.noted


def begins(found: dict) -> bool:
    return list(found.items()) == list(VALUES.items())[: len(found)]


def test_no_bit_of_a_journal_can_flip_unnoticed(tmp_path):
    """Two bits of each byte, other ones of each next: of every four bytes each bit."""
    raw = written(tmp_path / "cell.jsonl")
    last_two = raw[:-1].rindex(b"\n")
    for place in range(len(raw)):
        for bit in (place % 4, place % 4 + 4):
            found, aside = read(tmp_path / "cell.jsonl", flipped(raw, place, bit))
            assert begins(found) and len(found) < len(VALUES), (place, bit)
            assert aside == (not found) and (aside or place >= last_two), (place, bit)


@pytest.mark.parametrize("tail", [b"", bytes(1), bytes(5000), b'["e9", [1'])
def test_a_journal_cut_at_any_length_keeps_its_whole_lines(tmp_path, tail):
    raw = written(tmp_path / "cell.jsonl")
    for length in range(raw.index(b"\n") + 1, len(raw) + 1):
        found, aside = read(tmp_path / "cell.jsonl", raw[:length] + tail)
        assert begins(found) and len(found) == raw[:length].count(b"\n") - 1 and not aside, length
        assert noted_after_another(tmp_path / "cell.jsonl") == found | {"more": 1}


def swapped(lines, other):
    return [*lines[:2], lines[3], lines[2], *lines[4:]]


def doubled(lines, other):
    return [*lines[:3], lines[2], *lines[3:]]


def lost(lines, other):
    return [*lines[:3], *lines[4:]]


def anothers(lines, other):
    return [*lines[:3], other[3], *lines[4:]]


def overwritten(lines, other):
    return [*lines[:3], bytes(len(lines[3])), *lines[4:]]


def written_over_by_its_neighbour(lines, other):
    return [*lines[:3], lines[2], *lines[4:]]


@pytest.mark.parametrize(
    "change", [swapped, doubled, lost, anothers, overwritten, written_over_by_its_neighbour], ids=lambda f: f.__name__
)
def test_lines_that_are_not_where_they_were_written_set_a_journal_aside(tmp_path, caplog, change):
    lines = written(tmp_path / "cell.jsonl").splitlines(keepends=True)
    other = written(tmp_path / "other.jsonl", "another digest").splitlines(keepends=True)
    assert [len(line) for line in lines[1:4]] == [len(line) for line in other[1:4]]  # nothing but hashes differs
    assert read(tmp_path / "cell.jsonl", b"".join(change(lines, other))) == ({}, True)
    assert "cell.jsonl is damaged in line" in caplog.text and "set aside as cell.jsonl.stale" in caplog.text


def test_the_last_line_doubled_is_dropped_once(tmp_path, caplog):
    raw = written(tmp_path / "cell.jsonl")
    found, aside = read(tmp_path / "cell.jsonl", raw + raw.splitlines(keepends=True)[-1])
    assert found == VALUES and not aside and "its last line is damaged; it is dropped" in caplog.text


def test_a_journal_of_another_job_is_told_from_a_damaged_one(tmp_path, caplog):
    raw = written(tmp_path / "cell.jsonl", "another digest")
    assert read(tmp_path / "cell.jsonl", raw) == ({}, True)
    assert "cell.jsonl is of another job: set aside" in caplog.text


def test_what_was_decided_about_screening_is_forgotten_with_the_rest(tmp_path):
    path = tmp_path / "attack.journal"
    journal = AttackJournal(path, "digest")
    journal.decide({"precision": "bf16", "bound": 0.25})
    for name in ("e1", "e2", "e3"):
        journal.append({"example_id": name, "text": "x"})
    journal.close()
    raw = path.read_bytes()
    path.write_bytes(flipped(raw, raw.index(b"e2"), 0))
    again = AttackJournal(path, "digest")
    assert again.screening is None and again.noted == {}
    again.close()


def test_a_row_that_changed_on_disk_while_the_job_ran_is_no_row(tmp_path):
    path = tmp_path / "attack.journal"
    journal = AttackJournal(path, "digest")
    for name in ("e1", "e2"):
        journal.append({"example_id": name, "queries": 57})
    raw = path.read_bytes()
    with path.open("r+b") as stream:
        stream.write(flipped(raw, raw.rindex(b"57"), 1))
    rows = journal.rows()
    assert next(rows) == {"example_id": "e1", "queries": 57}
    with pytest.raises(ArtefactError, match=r"attack\.journal: the line at byte \d+ is not the one"):
        next(rows)
    journal.close()


# --- checkpoints


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The checkpoint after the first of two epochs, the weights at the end, and how to go on from another file."""
    folder = tmp_path_factory.mktemp("training")
    path = folder / "round0.safetensors"

    def again(raw: bytes | None) -> tuple[dict, list, bool, bytes]:
        """Weights, history, whether the checkpoint was set aside, and the last checkpoint, of a run on this file."""
        stale = folder / "round0.safetensors.stale"
        stale.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        if raw is not None:
            path.write_bytes(raw)
        model, checkpoints = make(), Checkpoints(path, "digest")
        options = Options(epochs=2, batch_size=32, learning_rate=0.01)
        try:
            outcome = train(model, *data(60), data(20, 1), options, Weights(), 7, checkpoints=checkpoints)
        finally:
            checkpoints.close()
        return model.state_dict(), outcome.history, stale.exists(), path.read_bytes()

    weights, history, _, raw = again(None)
    return raw, weights, history, again


def parts_of_checkpoint(raw: bytes) -> dict[str, list[int]]:
    size = int.from_bytes(raw[:8], "little")
    header, end = json.loads(raw[8 : 8 + size]), 8 + size
    parts = {"length": [*range(8)], "header": [*range(8, end)], "tensors": [*range(end, len(raw))]}
    for name in ("facts", "hash", "job", "format"):
        start = 8 + raw[8:end].index(f'"{name}":"'.encode())
        written = json.dumps(header["__metadata__"][name], ensure_ascii=False).encode()
        parts[name] = [*range(start, start + len(name) + 3 + len(written))]
    for name in ("rng.torch", "embedding.weight"):
        start = 8 + raw[8:end].index(name.encode())
        parts[f"entry of {name}"] = [*range(start, start + 60)]
    return parts


def test_a_flipped_bit_in_a_checkpoint_changes_no_weight(trained, caplog):
    raw, weights, history, again = trained
    for part, damaged in flips(parts_of_checkpoint(raw), raw):
        caplog.clear()
        found = again(damaged)
        assert all(torch.equal(found[0][name], tensor) for name, tensor in weights.items()), part
        assert found[1] == history, part
        assert found[2] == ("set aside as round0.safetensors.stale" in caplog.text)
        assert found[2], part
    assert again(raw)[2] is False


@pytest.mark.parametrize("share", [0, 1e-4, 0.01, 0.3, 0.9, 0.9999])
def test_a_checkpoint_that_is_cut_changes_no_weight(trained, share):
    raw, weights, history, again = trained
    found = again(raw[: int(share * len(raw))])
    assert found[2] and found[1] == history
    assert all(torch.equal(found[0][name], tensor) for name, tensor in weights.items())
