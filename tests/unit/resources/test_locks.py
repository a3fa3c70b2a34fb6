"""Nothing is installed whose SHA-256 the locks do not hold: the locks, the calls of pip, and what pip then refuses."""

import hashlib
import importlib.metadata
import os
import re
import subprocess
import sys
import zipfile

import pytest
from env_scripts import module_of
from packaging.requirements import Requirement

LOCKS = ("bootstrap.lock", "cpu-torch.lock", "cpu.lock", "cuda-packages.lock", "no-deps.lock")
TOOLS = "tools.lock"
REQUIREMENT = re.compile(r"([\w.-]+)==([^\s;\\]+)(; [^\\\n]+?)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")
NOTHING = "0" * 64


@pytest.fixture(scope="module")
def hashes(repository):
    return module_of(repository / "envs/hashes.py")


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(repository) -> set[str]:
    return {plain(name) for lock in LOCKS for name, *_ in REQUIREMENT.findall((repository / "envs" / lock).read_text())}


# --- the locks


@pytest.mark.parametrize("lock", (*LOCKS, TOOLS))
def test_every_line_of_a_lock_is_a_comment_a_constraint_or_a_pin_with_hashes(repository, lock):
    text = (repository / "envs" / lock).read_text()
    rest = REQUIREMENT.sub("", text)
    assert all(line.startswith("#") or line == "-c cuda-packages.lock" for line in rest.splitlines()), rest
    assert len(REQUIREMENT.findall(text)) >= 1


def test_no_other_lock_is_there(repository):
    assert {path.name for path in (repository / "envs").glob("*.lock")} == {*LOCKS, TOOLS, "cuda.lock"}
    lines = (repository / "envs/cuda.lock").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["-r cpu.lock", "-r cuda-packages.lock"]


def test_what_a_locked_package_asks_for_is_locked(repository):
    """pip refuses a need without a hash, so that one that is not locked ends every set-up."""
    known = locked(repository)
    missing = {}
    for name, *_ in REQUIREMENT.findall((repository / "envs/cpu.lock").read_text()):
        try:
            needs = map(Requirement, importlib.metadata.requires(name) or ())
        except importlib.metadata.PackageNotFoundError:
            assert name == "editdistance"  # absent on Python 3.13
            continue
        asked = {plain(need.name) for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})}
        if asked - known:
            missing[name] = asked - known
    assert not missing


def test_builds_that_are_not_on_pypi_are_in_the_lock(repository, hashes):
    torch = next(
        found for found in REQUIREMENT.findall((repository / "envs/cpu.lock").read_text()) if found[0] == "torch"
    )
    builds = hashes.other_builds()
    assert builds
    for file, digest in builds:
        name, version, taken = hashes.named(file)
        assert (name, version.public, taken) == ("torch", torch[1], True), file
        assert digest in torch[3], file


# --- writing the hashes


def test_hashes_are_those_of_files_that_a_supported_python_on_linux_takes(hashes, monkeypatch):
    files = {
        "toy-1.0-py3-none-any.whl": True,
        "toy-1.0-cp38-abi3-manylinux2014_x86_64.whl": True,
        "toy-1.0-cp312-cp312-manylinux_2_17_aarch64.manylinux2014_aarch64.whl": True,
        "toy-1.0.tar.gz": True,
        "toy-1.0-cp310-cp310-manylinux2014_x86_64.whl": False,
        "toy-1.0-cp313-cp313t-manylinux2014_x86_64.whl": False,
        "toy-1.0-cp311-cp311-win_amd64.whl": False,
        "toy-1.0-cp311-cp311-musllinux_1_2_x86_64.whl": False,
        "toy-1.0.exe": False,
        "toy-1.0.1-py3-none-any.whl": False,
        "toys-1.0.tar.gz": False,
    }
    monkeypatch.setattr(hashes, "of_index", lambda name: [(file, digest_of(file.encode())) for file in files])
    other = {"toy-1.0+cpu-cp311-cp311-manylinux_2_28_x86_64.whl": True, "toy-1.1+cpu-py3-none-any.whl": False}
    monkeypatch.setattr(hashes, "other_builds", lambda: [(file, digest_of(file.encode())) for file in other])
    wanted = sorted(digest_of(file.encode()) for file, taken in (files | other).items() if taken)
    assert hashes.digests("Toy", "1.0") == wanted

    lock = '# a comment\n-c other.lock\nToy==1.0; python_version < "3.13"\n'
    written = hashes.hashed(lock)
    assert re.findall(r"sha256:(\w+)", written) == wanted
    assert written.startswith('# a comment\n-c other.lock\nToy==1.0; python_version < "3.13" \\\n    --hash=')
    assert hashes.hashed(written) == written
    with pytest.raises(SystemExit, match=r"toy==2\.0: .* has no file of it"):
        hashes.digests("toy", "2.0")


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


# --- the calls of pip


def calls_of_setup(repository, tmp_path, lock: str) -> list[str]:
    """The lines of a set-up into a new environment that call pip."""
    command = ["make", "--dry-run", "setup", f"VENV={tmp_path / 'venv'}", f"LOCK={lock}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    ran = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True, env=environment)
    return [line for line in ran.stdout.splitlines() if " pip install " in line]


@pytest.mark.parametrize("lock", ["envs/cpu.lock", "envs/cuda.lock"])
def test_set_up_takes_nothing_from_an_index_without_its_hash(repository, tmp_path, lock):
    *from_index, own = calls_of_setup(repository, tmp_path, lock)
    assert [re.search(r"--requirement (\S+)", line)[1] for line in from_index] == [
        "envs/bootstrap.lock",
        "envs/cpu-torch.lock",
        lock,
        "envs/no-deps.lock",
    ]
    assert all("--require-hashes" in line and "--no-build-isolation" in line for line in from_index)
    assert "--editable ." in own and {"--no-index", "--no-deps", "--no-build-isolation"} <= set(own.split())


def test_conda_installs_copies_of_the_locks_in_the_same_steps(repository, tmp_path):
    """Snakemake runs the script from its own copy, in a folder that is none of ours."""
    python = tmp_path / "bin/python"
    python.parent.mkdir()
    python.write_text('#!/bin/sh\nlast=$(for word; do echo "$word"; done | tail -n 1)\necho "$*" >>calls\n'
                      'mkdir -p seen && cp "$(dirname "$last")"/*.lock seen\n')  # fmt: skip
    python.chmod(0o755)
    script = tmp_path / "copy.sh"
    script.write_bytes((repository / "envs/flat.post-deploy.sh").read_bytes())
    environment = os.environ | {"PATH": f"{python.parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", str(script)], cwd=tmp_path, env=environment, check=True)
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.rpartition("/")[2] for call in calls] == [
        "bootstrap.lock",
        "cpu-torch.lock",
        "cpu.lock",
        "no-deps.lock",
    ]
    assert all("-m pip install" in call and "--require-hashes" in call for call in calls)
    assert all("--only-binary :all:" in call or "--no-build-isolation" in call for call in calls)
    assert "--no-deps" in calls[1] and "--no-deps" in calls[3]
    for lock in LOCKS:
        assert (tmp_path / "seen" / lock).read_bytes() == (repository / "envs" / lock).read_bytes(), lock


def test_nothing_else_of_envs_calls_pip(repository):
    """lock.sh writes the hashes and cannot demand them; licences.py installs nothing (--dry-run)."""
    for path in sorted((repository / "envs").iterdir()):
        if path.name not in ("lock.sh", "licences.py", "flat.post-deploy.sh") and path.suffix != ".lock":
            lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
            assert not re.search(r"pip\W+install", "\n".join(lines)), path.name


# --- what pip refuses


def wheel(folder, name: str, needs: str = "") -> str:
    """A wheel of one module, and its SHA-256."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n" + (f"Requires-Dist: {needs}\n" if needs else "")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", "")
        archive.writestr(f"{name}-1.0.dist-info/METADATA", metadata)
        archive.writestr(
            f"{name}-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{name}-1.0.dist-info/RECORD", "")
    return digest_of(path.read_bytes())


@pytest.fixture
def install(repository, tmp_path):
    """Runs the line of set-up that installs the lock, on a lock and wheels of two toys; says what was installed."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    needed = wheel(wheels, "toyneed")
    first = wheel(wheels, "toyfirst", "toyneed<2")

    def run(lock: str, constraint: str = "") -> tuple[int, str, set[str]]:
        (tmp_path / "toy.lock").write_text(lock.format(first=first, needed=needed))
        (tmp_path / "needs.lock").write_text(constraint.format(needed=needed))
        line = calls_of_setup(repository, tmp_path, str(tmp_path / "toy.lock"))[2]
        line = line.replace(str(tmp_path / "venv/bin/python"), sys.executable)
        settings = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels), "PIP_TARGET": str(tmp_path / "target")}
        settings |= {"PIP_CONFIG_FILE": os.devnull}
        command = ["bash", "-c", line]
        ran = subprocess.run(command, cwd=repository, capture_output=True, text=True, env=os.environ | settings)
        return ran.returncode, ran.stderr, {path.stem for path in (tmp_path / "target").glob("*.py")}

    return run


BOTH = "toyfirst==1.0 --hash=sha256:{first}\ntoyneed==1.0 --hash=sha256:{needed}\n"


def test_pip_installs_what_has_the_locked_bytes(install):
    assert install(BOTH) == (0, "", {"toyfirst", "toyneed"})


def test_pip_refuses_other_bytes_and_set_up_says_where_to_read_on(install):
    status, said, installed = install(BOTH.replace("{needed}", NOTHING))
    assert (status, installed) == (1, set())
    assert "DO NOT MATCH THE HASHES" in said and "toyneed" in said and NOTHING in said
    assert "remedy: " in said and "docs/resources.md" in said


def test_pip_refuses_a_pin_without_a_hash(install):
    status, said, installed = install("toyfirst==1.0 --hash=sha256:{first}\ntoyneed==1.0\n")
    assert (status, installed) == (1, set())
    assert "Hashes are required" in said


def test_a_need_that_only_some_builds_have_is_compared_too(install):
    """As PyPI's torch, a CUDA build, has needs that the CPU build has not: their hashes stand in a constraint."""
    lock = "-c needs.lock\ntoyfirst==1.0 --hash=sha256:{first}\n"
    assert install(lock)[::2] == (1, set()), "a need without a hash"
    assert install(lock, f"toyneed==1.0 --hash=sha256:{NOTHING}\n")[::2] == (1, set())
    assert install(lock, "toyneed==1.0 --hash=sha256:{needed}\n") == (0, "", {"toyfirst", "toyneed"})


# --- the image


def test_the_image_starts_from_a_digest(repository):
    text = (repository / "envs/Containerfile").read_text()
    (base,) = re.findall(r"^FROM (.*)", text, re.M)
    assert re.fullmatch(r"docker\.io/library/python:3\.1[123][.\w-]*@sha256:[0-9a-f]{64}", base)
    assert "make setup" in text and "pip install" not in text


def test_lock_image_writes_the_registry_s_digest(repository, tmp_path):
    for file in ("lock.sh", "Containerfile"):
        (tmp_path / file).write_bytes((repository / "envs" / file).read_bytes())
    skopeo = tmp_path / "bin/skopeo"
    skopeo.parent.mkdir()
    skopeo.write_text('#!/bin/sh\n[ "$1 $2" = "inspect --raw" ] && printf "the index of %s" "$3"\n')
    skopeo.chmod(0o755)
    environment = os.environ | {"PATH": f"{skopeo.parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", str(tmp_path / "lock.sh"), "image"], env=environment, check=True, capture_output=True)
    before = (repository / "envs/Containerfile").read_text()
    image = re.search(r"^FROM ([^@]+)@", before, re.M)[1]
    digest = digest_of(f"the index of docker://{image}".encode())
    wanted = re.sub(r"^(FROM [^@]+@sha256:).*", rf"\g<1>{digest}", before, flags=re.M)
    assert (tmp_path / "Containerfile").read_text() == wanted
