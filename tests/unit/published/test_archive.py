"""Archives: the same bytes of the same files, and a clear error for each that is not what it says."""

import io
import lzma
import subprocess
import tarfile

import pytest

from flat.errors import ArtefactError
from flat.published import archive

STUDY = {"study": {"name": "s"}, "seed": 3, "seeds_as_measured": [3]}
FILES = {"a/b.json": b"{}\n", "c.parquet": b"PAR1" * 99}


@pytest.fixture
def folder(tmp_path):
    """A folder of one archive, of seed 3."""
    archive.write(archive.archive_of(tmp_path, 3), archive.packed(STUDY, FILES))
    return tmp_path


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:xz") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return out.getvalue()


def refused(path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(ArtefactError) as told:
        archive.read(path)
    assert str(path) in told.value.where and told.value.remedy
    return f"{told.value.where}: {told.value.problem}"


def test_an_archive_is_read_as_it_was_written(folder):
    found = archive.read(archive.there(folder)[0])
    assert found.files == FILES and found.seed == 3
    assert found.manifest["files"]["c.parquet"] == {"bytes": 396, "sha256": archive.sha256(FILES["c.parquet"])}


def test_equal_files_give_equal_bytes_without_times_and_owners():
    first, again = archive.packed(STUDY, FILES), archive.packed(STUDY, dict(reversed(FILES.items())))
    assert first == again
    with tarfile.open(fileobj=io.BytesIO(first), mode="r:xz") as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == ["manifest.json", "a/b.json", "c.parquet"]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m in members} == {(0, 0, 0, "", 0o644)}


def test_sha256sum_checks_the_folder(folder):
    archive.write(archive.archive_of(folder, 12), archive.packed(STUDY | {"seed": 12}, FILES))
    assert (folder / "SHA256SUMS").read_text().split()[1::2] == ["seed3.tar.xz", "seed12.tar.xz"]
    done = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.count("OK") == 2


def test_a_seed_is_packed_again_with_the_same_content_only(folder):
    path = archive.archive_of(folder, 3)
    archive.write(path, archive.packed(STUDY, FILES))
    with pytest.raises(ArtefactError, match="packed before, with other content") as told:
        archive.write(path, archive.packed(STUDY, FILES | {"a/b.json": b"[]\n"}))
    assert told.value.where == str(path) and "delete it" in told.value.remedy
    path.unlink()
    archive.write(path, archive.packed(STUDY, FILES | {"a/b.json": b"[]\n"}))
    assert archive.read(archive.there(folder)[0]).files["a/b.json"] == b"[]\n"


def test_a_folder_and_its_checksums_agree(folder):
    path, sums = archive.archive_of(folder, 3), folder / "SHA256SUMS"
    whole, lines = path.read_bytes(), sums.read_text()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(ArtefactError, match=r"seed3\.tar\.xz: its SHA-256 is not that of SHA256SUMS"):
        archive.there(folder)
    path.write_bytes(whole)
    for text, said in (
        ("", "SHA256SUMS has no line for it"),
        (lines + "nonsense\n", "SHA256SUMS, line 2: no checksum of a seed's archive: 'nonsense'"),
        (lines + lines.replace("seed3", "seed4"), "seed4.tar.xz: SHA256SUMS names it, but it is not there"),
        (lines.replace("seed3.tar", "../seed3.tar"), "line 1: no checksum"),
    ):
        sums.write_text(text)
        with pytest.raises(ArtefactError, match=said):
            archive.there(folder)
    sums.unlink()
    with pytest.raises(ArtefactError, match="SHA256SUMS: not readable"):
        archive.there(folder)
    path.unlink()
    with pytest.raises(ArtefactError, match="no archive of a seed"):
        archive.there(folder)


def test_a_cut_or_changed_archive_is_refused(folder):
    path = archive.archive_of(folder, 3)
    whole = path.read_bytes()
    for data in (b"", whole[: len(whole) // 2], whole[:-9], b"\0" + whole[1:]):
        assert "not a whole tar.xz" in refused(path, data)
    plain = lzma.decompress(whole)
    assert "c.parquet: its SHA-256" in refused(path, lzma.compress(plain.replace(b"PAR1PAR1", b"PAR1PAR2", 1)))


@pytest.mark.parametrize("name", ("/etc/passwd", "../up", "a/../../up", "./a", "a//b", "a\\..\\b"))
def test_no_entry_lies_outside_the_study_s_folder(tmp_path, name):
    said = refused(tmp_path / "seed0.tar.xz", tar_of((tarfile.TarInfo(name), b"x")))
    assert "no plain file below the study's folder" in said and name in said


@pytest.mark.parametrize("kind", (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE))
def test_no_entry_is_a_link_or_a_device(tmp_path, kind):
    member = tarfile.TarInfo("a")
    member.type, member.linkname = kind, "/etc/passwd"
    assert "no plain file" in refused(tmp_path / "seed0.tar.xz", tar_of((member, b"")))


def test_an_entry_stands_in_it_once_and_in_its_manifest(folder):
    path = archive.archive_of(folder, 3)
    about = lzma.decompress(path.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(about)) as tar:
        first = tar.extractfile("manifest.json").read()
    held = [(tarfile.TarInfo("manifest.json"), first)]
    held += [(tarfile.TarInfo(name), data) for name, data in FILES.items()]
    assert "c.parquet: stands in it twice" in refused(path, tar_of(*held, held[-1]))
    assert "c.parquet: the manifest names it, the archive lacks it" in refused(path, tar_of(*held[:-1]))
    assert "d: not named in the manifest" in refused(path, tar_of(*held, (tarfile.TarInfo("d"), b"")))
    assert "manifest.json: absent or unreadable" in refused(path, tar_of(*held[1:]))
    assert "absent or unreadable" in refused(path, tar_of((tarfile.TarInfo("manifest.json"), b"[1]"), *held[1:]))
    newer = first.replace(b'"format": 1', b'"format": 2')
    assert "format 2, this code reads format 1" in refused(
        path, tar_of((tarfile.TarInfo("manifest.json"), newer), *held[1:])
    )


def test_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST", 1000)
    data = tar_of((tarfile.TarInfo("a"), bytes(600)), (tarfile.TarInfo("b"), bytes(600)))
    assert "unpacks to more than" in refused(tmp_path / "seed0.tar.xz", data)
