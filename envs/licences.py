"""Write docs/licences.md: the licence of every locked package and of every resource of the catalogue.

Usage: python envs/licences.py, where cpu.lock is installed (envs/lock.sh runs it).

A package's licence is what its metadata states. pip reads the metadata of what is not installed out of the index.
"""

import importlib.metadata as installed
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/licences.md"
LOCKS = {
    "bootstrap.lock": "installs the others",
    "cpu.lock": "every environment",
    "no-deps.lock": "every environment",
    "cuda-packages.lock": "where PyTorch is a CUDA build",
    "tools.lock": "docs site and releases alone",
}
PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)==([^\s;\\]+)", re.M)
UNKNOWN = "not stated"
MARKS = {
    "unknown": re.compile(rf"^{UNKNOWN}"),
    "copyleft": re.compile(r"\b(?:[AL]?GPL|MPL|EPL|CDDL|EUPL|OSL)(?:v?\d|\b)|Mozilla|CC-BY-SA"),
    "proprietary": re.compile(r"Proprietary", re.I),
    "terms of others": re.compile(r"keep the terms|research|belong to|each of its parts"),
}
ABOUT = """# Licences

`bash envs/lock.sh` writes this page. A test compares it with the locks, with the metadata of what is installed, and
with `config/resources.yaml`.

The code of this repository is under the MIT licence. Set-up and jobs fetch what stands below. Nothing of it is part of
this repository, and each part keeps its own licence.

A package's licence is what its metadata states. Where that says nothing, it is the first line of the licence file in
the package. We have not compared it with the package's sources. Many wheels also bundle libraries of others. Their
terms lie in the `licenses` folder of the installed package.

| mark | meaning |
|---|---|
| copyleft | the licence, or one of several to choose from, asks that changes of the package are passed on under it |
| proprietary | the vendor's own terms; read them before you pass an image with the package on |
| terms of others | the texts or parts inside belong to others and have terms of their own |
| unknown | neither metadata nor a licence file says it |
"""


def pins(lock: str) -> list[tuple[str, str]]:
    return PIN.findall((ROOT / "envs" / lock).read_text())


def stated(metadata: Mapping, licence_file: str = "") -> str:
    """The licence that a package's metadata states (the JSON of PEP 566, as pip's report has it)."""
    field = metadata.get("license", "").strip()
    classes = [name.split(" :: ")[-1] for name in metadata.get("classifier", []) if name.startswith("License ::")]
    if expression := metadata.get("license_expression"):
        return expression
    if field and len(field) <= 60 and "\n" not in field:
        word = re.split(r"[-\s.]", field)[0]
        differing = [name for name in classes if word not in name]
        return f"{field}; classifier: {', '.join(differing)}" if differing else field
    if classes:
        return ", ".join(classes)
    first = next((line.strip() for line in (field or licence_file).splitlines() if line.strip()), "")
    return f"{first} (its licence file)" if first else UNKNOWN


def of_installed(name: str, version: str) -> str | None:
    """The licence of an installed package; None where it is not installed, or in another version."""
    try:
        package = installed.distribution(name)
    except installed.PackageNotFoundError:
        return None
    if package.version.partition("+")[0] != version:
        return None
    beside = [file for file in package.files or () if re.search(r"(?i)\.dist-info/.*(licen[cs]e|copying)", str(file))]
    text = min(beside, key=str).read_text(encoding="utf-8") if beside else ""
    return stated(package.metadata.json, text)


def of_index(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The licences of packages that are not installed, from their metadata on the index."""
    lines = [f"{name}=={version}" for name, version in wanted]
    if not lines:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps"]
        command += ["--no-build-isolation", "--use-feature=fast-deps", "--report", str(report), *lines]
        subprocess.run(command, check=True)
        found = [item["metadata"] for item in json.loads(report.read_text())["install"]]
    return {(plain(item["name"]), item["version"].partition("+")[0]): stated(item) for item in found}


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def marks(licence: str) -> str:
    return ", ".join(mark for mark, shows in MARKS.items() if shows.search(licence))


def row(name: str, version: str | None, licence: str) -> str:
    return f"| {name} | {version or 'not versioned'} | {licence} | {marks(licence)} |"


def resource_rows() -> list[str]:
    entries = yaml.safe_load((ROOT / "config/resources.yaml").read_text())["resources"]
    return [row(name, entry["version"], entry["licence"]) for name, entry in sorted(entries.items())]


def page() -> str:
    known = {(name, version): of_installed(name, version) for lock in LOCKS for name, version in pins(lock)}
    elsewhere = of_index(pin for pin, licence in known.items() if licence is None)
    parts = [ABOUT]
    head = "| {} | version | licence | mark |\n|---|---|---|---|\n"
    for lock, where in LOCKS.items():
        rows = [row(*pin, known[pin] or elsewhere[(plain(pin[0]), pin[1])]) for pin in pins(lock)]
        parts.append(f"## envs/{lock}: {where}\n\n{head.format('package')}" + "\n".join(rows) + "\n")
    parts.append(f"## Resources\n\n{head.format('resource')}" + "\n".join(resource_rows()) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
