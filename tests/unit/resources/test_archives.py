"""Archives are foreign: bombs, damage, links and devices are refused by archive and member, with nothing run."""

import bz2
import io
import tarfile
import tracemalloc
import zipfile

import pytest

from flat.errors import ResourceError
from flat.resources import archives
from flat.resources.archives import extract

pytestmark = pytest.mark.fault
ALL = {"": ""}


def zipped(file, members, **options):
    with zipfile.ZipFile(file, "w", **options) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=options.get("compression"))
    return file


def tarred(file, members, mode="w"):
    with tarfile.open(file, mode) as archive:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return file


def refused(archive, target, match):
    with pytest.raises(ResourceError, match=match) as caught:
        extract(archive, ALL, target)
    assert archive.name in caught.value.where and caught.value.remedy
    return caught.value


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(archives, "ANY_RATIO_B", 1 << 20)
    zeros = {"a.txt": bytes(1 << 20), "b.txt": bytes(8 << 20)}
    file = tmp_path / f"bomb.{kind}"
    zipped(file, zeros, compression=zipfile.ZIP_DEFLATED) if kind == "zip" else tarred(file, zeros, "w:gz")
    refused(file, tmp_path / "out", r"b\.txt: its [\d,]+ bytes would unpack to more than")
    assert not (tmp_path / "out/b.txt").exists()
    monkeypatch.setattr(archives, "ANY_RATIO_B", 256 << 20)
    extract(file, ALL, tmp_path / "out")
    assert (tmp_path / "out/b.txt").stat().st_size == 8 << 20


@pytest.mark.parametrize("make", [zipped, tarred])
def test_totals_have_limits(tmp_path, monkeypatch, make):
    file = make(tmp_path / "many.bin", {f"{n}.txt": b"12345" for n in range(6)})
    monkeypatch.setattr(archives, "MOST_MEMBERS", 5)
    refused(file, tmp_path / "out", "holds more than 5 files")
    monkeypatch.setattr(archives, "MOST_MEMBERS", 6)
    monkeypatch.setattr(archives, "LARGEST_B", 29)
    refused(file, tmp_path / "out", "would unpack to more than 29")
    monkeypatch.setattr(archives, "LARGEST_B", 30)
    extract(file, ALL, tmp_path / "out")


@pytest.mark.parametrize("kind", archives.LONG_HEADERS)
@pytest.mark.parametrize("first", [True, False])
def test_a_header_that_would_fill_the_memory_is_refused(tmp_path, kind, first):
    file = tmp_path / "header.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        if not first:
            archive.addfile(tarfile.TarInfo("a.txt"))
        entry = tarfile.TarInfo("long")
        entry.type, entry.size = kind, 64 << 20
        archive.addfile(entry, io.BytesIO(bytes(64 << 20)))
        archive.addfile(tarfile.TarInfo("b.txt"))
    tracemalloc.start()
    refused(file, tmp_path / "out", "neither a zip nor a tar" if first else "a header of 67,108,864 bytes")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 8 << 20 and not (tmp_path / "out/b.txt").exists()


def test_a_member_gives_no_more_than_it_announces(tmp_path):
    """The limits trust announced sizes; a zip whose size is a lie ends at it, and its checksum is wrong then."""
    file = zipped(tmp_path / "lie.zip", {"a.txt": bytes(100_000)}, compression=zipfile.ZIP_DEFLATED)
    raw = file.read_bytes()
    file.write_bytes(raw.replace((100_000).to_bytes(4, "little"), (1000).to_bytes(4, "little")))
    refused(file, tmp_path / "out", r"a\.txt: cannot be unpacked \(Bad CRC-32")
    assert (tmp_path / "out/a.txt").stat().st_size <= 1000


def test_a_wrong_checksum_names_the_member(tmp_path):
    file = zipped(tmp_path / "crc.zip", {"good.txt": "fine", "a.txt": "hello hello"})
    raw = bytearray(file.read_bytes())
    raw[raw.index(b"hello")] ^= 1
    file.write_bytes(raw)
    error = refused(file, tmp_path / "out", r"crc\.zip: a\.txt: cannot be unpacked \(Bad CRC-32")
    assert "fetch it again" in error.remedy and "mirror" in error.remedy


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_damage_anywhere_is_refused_or_changes_nothing(tmp_path, kind):
    """Cuts and flips at many places: an error of ours that names the archive, or the same files.

    Of a plain tar cuts alone, since nothing in it tells what its files were.
    """
    content = {"top/a.txt": bytes(range(256)) * 20, "top/b.txt": b"words " * 300}
    whole = tmp_path / f"whole.{kind}"
    if kind == "zip":
        zipped(whole, content, compression=zipfile.ZIP_DEFLATED)
    else:
        tarred(whole, content, f"w:{kind[4:]}" if kind != "tar" else "w")
    raw = whole.read_bytes()
    damaged = tmp_path / f"damaged.{kind}"
    seen = set()
    for number in range(120):
        place = number * len(raw) // 120
        flipped = bytearray(raw)
        flipped[place] ^= 1 << number % 8
        for name, data in (("cut", raw[:place]), ("flip", bytes(flipped))):
            damaged.write_bytes(data)
            out = tmp_path / f"{name}{number}"
            try:
                extract(damaged, ALL, out)
            except ResourceError as error:
                assert damaged.name in error.where
                seen.add(name)
                continue
            got = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
            assert got == content or (kind, name) == ("tar", "flip"), (name, place)
    assert seen == {"cut", "flip"}


def test_a_directory_that_swallowed_an_entry_is_refused(tmp_path):
    """A flip in the length of a comment makes zipfile take the next entry for it."""
    file = zipped(tmp_path / "two.zip", {"a.txt": "a", "b.txt": "b"})
    raw = bytearray(file.read_bytes())
    raw[raw.index(b"PK\1\2") + 32] = 46 + len("b.txt")
    file.write_bytes(raw)
    refused(file, tmp_path / "out", "does not have as many entries")


def test_what_is_encrypted_or_of_an_unknown_kind_is_refused(tmp_path):
    file = zipped(tmp_path / "secret.zip", {"a.txt": "x"})
    raw = bytearray(file.read_bytes())
    raw[raw.index(b"PK\3\4") + 6] |= 1
    raw[raw.index(b"PK\1\2") + 8] |= 1
    file.write_bytes(raw)
    refused(file, tmp_path / "out", "encrypted")
    (tmp_path / "alone.bz2").write_bytes(bz2.compress(b"no archive"))
    refused(tmp_path / "alone.bz2", tmp_path / "out", "neither a zip nor a tar")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (tarfile.SYMTYPE, "a link"),
        (tarfile.LNKTYPE, "a link"),
        (tarfile.FIFOTYPE, "a device or pipe"),
        (tarfile.CHRTYPE, "a device or pipe"),
        (tarfile.BLKTYPE, "a device or pipe"),
    ],
)
def test_links_and_devices_are_refused_where_they_are_asked_for(tmp_path, kind, said):
    outside = tmp_path / "outside"
    outside.mkdir()
    file = tmp_path / "odd.tar"
    with tarfile.open(file, "w") as archive:
        entry = tarfile.TarInfo("dir")
        entry.type, entry.linkname = kind, str(outside)
        archive.addfile(entry)
        inner = tarfile.TarInfo("dir/x.txt")
        inner.size = 1
        archive.addfile(inner, io.BytesIO(b"x"))
    refused(file, tmp_path / "out", rf"odd\.tar: dir: it is {said}, no regular file")
    assert not list(outside.iterdir()) and not (tmp_path / "out").exists()
    extract(file, {"dir/x.txt": "x.txt"}, tmp_path / "out")  # what is not asked for does not matter
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x.txt"]


def test_an_error_of_the_system_is_told_as_it_is(tmp_path):
    file = zipped(tmp_path / "long.zip", {"n" * 300: "x"})
    refused(file, tmp_path / "out", "File name too long")
    (tmp_path / "taken").write_text("a file")
    refused(zipped(tmp_path / "a.zip", {"a": "x"}), tmp_path / "taken", "cannot be unpacked \\(File exists|Not a dir")
