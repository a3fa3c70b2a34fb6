"""Write behind each pin of the locks the SHA-256 of every file that pip may take for it.

Usage: bash envs/lock.sh hashes (which runs this with the pip of bootstrap.lock).

The digests are those that the package index states: PyPI, or the index that PIP_INDEX_URL names. Listed are the wheels
that a supported Python on Linux takes, and the source archive. ``other-builds.sha256`` adds builds that PyPI lacks.
flat.post-deploy.sh carries a copy of the locks, since Snakemake runs it from another folder.
"""

import json
import os
import re
import urllib.request
from pathlib import Path

from pip._vendor.packaging import tags, utils
from pip._vendor.packaging.version import Version

HERE = Path(__file__).parent
LOCKS = ("bootstrap.lock", "cpu-torch.lock", "cpu.lock", "cuda-packages.lock", "no-deps.lock")
TOOLS = "tools.lock"  # for who works on FLAT: in no environment of a study
OTHER_BUILDS = HERE / "other-builds.sha256"
CONDA_SCRIPT = HERE / "flat.post-deploy.sh"
INDEX = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
JSON = "application/vnd.pypi.simple.v1+json"
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)(?: *; *([^\\\n]*[^\\\s]))?(?: *\\)?$")

PYTHONS = ((3, 11), (3, 12), (3, 13))
OLD_NAMES = ("manylinux1", "manylinux2010", "manylinux2014", "linux")
GLIBC = [f"manylinux_2_{minor}" for minor in range(5, 60)]
PLATFORMS = [f"{system}_{machine}" for machine in ("x86_64", "aarch64") for system in (*OLD_NAMES, *GLIBC)]
TAKEN = frozenset(
    tag
    for python in PYTHONS
    for abi in [f"cp{python[0]}{python[1]}"]
    for tag in (
        *tags.cpython_tags(python, [abi], PLATFORMS),
        *tags.compatible_tags(python, abi, PLATFORMS),
    )
)


def named(file: str) -> tuple[str, Version, bool] | None:
    """Name and version of a wheel or source archive, and whether a supported Python takes it; None for other files."""
    try:
        if file.endswith(".whl"):
            name, version, _, of_wheel = utils.parse_wheel_filename(file)
            return name, version, not TAKEN.isdisjoint(of_wheel)
        return *utils.parse_sdist_filename(file), True
    except (utils.InvalidWheelFilename, utils.InvalidSdistFilename):
        return None


def of_index(name: str) -> list[tuple[str, str]]:
    """(file, SHA-256) of everything that the index has of a package."""
    request = urllib.request.Request(f"{INDEX}/{utils.canonicalize_name(name)}/", headers={"Accept": JSON})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return [(file["filename"], file["hashes"]["sha256"]) for file in json.load(answer)["files"]]


def other_builds() -> list[tuple[str, str]]:
    """(file, SHA-256) of the builds that other-builds.sha256 lists, in sha256sum's format."""
    lines = [line.split() for line in OTHER_BUILDS.read_text().splitlines() if line and not line.startswith("#")]
    return [(file, digest) for digest, file in lines]


def digests(name: str, version: str) -> list[str]:
    """The SHA-256 of each file that pip may take for a pin; a local build (``2.13.0+cpu``) is of the pinned version."""
    pin = Version(version)
    found = set()
    for file, digest in [*other_builds(), *([] if pin.local else of_index(name))]:
        match named(file):
            case (of, built, True) if of == utils.canonicalize_name(name) and pin in (built, Version(built.public)):
                found.add(digest)
    if not found:
        raise SystemExit(f"{name}=={version}: {INDEX} has no file of it\n  remedy: correct the pin, or PIP_INDEX_URL")
    return sorted(found)


def hashed(lock: str) -> str:
    """A lock with the hashes of its pins, whatever hashes it had."""
    lines = []
    for line in lock.splitlines():
        if pin := PIN.match(line):
            name, version, marker = pin.groups()
            first = f"{name}=={version}" + (f"; {marker}" if marker else "")
            lines.append(" \\\n".join([first, *(f"    --hash=sha256:{digest}" for digest in digests(name, version))]))
        elif not line.startswith("    --hash="):
            lines.append(line)
    return "\n".join(lines) + "\n"


def with_locks(script: str) -> str:
    """The conda script with the present locks between its two marks."""
    head, rest = script.split("# <locks>\n")
    tail = rest.split("# </locks>\n")[1]
    copies = [f"cat >\"$locks/{lock}\" <<'END'\n{(HERE / lock).read_text()}END\n" for lock in LOCKS]
    return f"{head}# <locks>\n{''.join(copies)}# </locks>\n{tail}"


def main() -> None:
    for lock in (*LOCKS, TOOLS):
        (HERE / lock).write_text(hashed((HERE / lock).read_text()))
    CONDA_SCRIPT.write_text(with_locks(CONDA_SCRIPT.read_text()))


if __name__ == "__main__":
    main()
