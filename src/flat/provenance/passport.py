"""Where results come from: versions, hardware, commit, checksums. Kept in files of its own, since it holds times.

`environment()` never fails: what a machine does not tell is null. Nothing heavy is imported to ask for a version.
"""

import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from flat.files.artefacts import read_json
from flat.files.digests import attack_hash, checksums, digest_of
from flat.files.installed import ROOT, textattack_is_there

PACKAGES = (
    "flat-robustness",
    "snakemake",
    "torch",
    "transformers",
    "textattack",
    "captum",
    "lime",
    "nltk",
    "harper-py",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "matplotlib",
    "seaborn",
)
FILE = "provenance.json"
FORMAT = 1
PATIENCE_S = 10


def environment() -> dict:
    """Python, packages, machine and commit, as JSON values. Fields: python, packages, machine, code."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": packages(),
        "machine": machine(),
        "code": commit(),
    }


def packages(names: Iterable[str] = PACKAGES) -> dict[str, str | None]:
    """Installed versions; null for what is not installed."""
    found = {}
    textattack_is_there()
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def machine() -> dict:
    """Operating system, processor, cores this process may use, memory in GiB, GPUs."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": _cores(),
        "memory_gib": _memory_gib(),
        "gpus": _gpus(),
    }


def commit(folder: str | Path = ROOT) -> dict[str, str | bool | None]:
    """Commit of the checkout at `folder` and whether files differ from it; both null outside a checkout."""
    folder = Path(folder)
    # whoever runs this checkout's code trusts it, whoever owns it; one that is read-only is asked without locks
    git = ("git", "--no-optional-locks", "-c", f"safe.directory={folder.resolve()}", "-C", str(folder))
    top = _answer(*git, "rev-parse", "--show-toplevel")
    # a copy of the code that lies inside somebody else's checkout has no commit of its own
    if top is None or Path(top).resolve() != folder.resolve():
        return {"commit": None, "changed": None}
    head = _answer(*git, "rev-parse", "--verify", "--quiet", "HEAD")
    status = _answer(*git, "status", "--porcelain", "--untracked-files=normal")
    return {"commit": head or None, "changed": None if status is None else bool(status)}


def study_passport(
    study: Mapping[str, object],
    *,
    locks: Iterable[tuple[str, str | Path]] = (),
    summaries: Mapping[str, str | Path] | None = None,
    artefacts: Iterable[str | Path] = (),
    seed_groups: Iterable[Mapping[str, object]] = (),
    plugins: Mapping[str, dict] | None = None,
) -> dict:
    """Everything that the results of a study rest on; its `provenance.json` and the last section of the report.

    Args:
        study: the study as plain data (`Study.model_dump(mode="json")`).
        locks: (attack, the `lock.json` beside a test ledger of it).
        summaries: data set -> its `summary.json`.
        artefacts: tables and figures to check-sum.
        plugins: "kind/name" -> ``flat.plugins.code.made_of``, of those that are not FLAT's own.
        seed_groups: the seeds that ran, and of which cells (`flat.study.seed_groups.as_values`); without, the
            study's and those of its overrides are taken for those that ran.
    """
    groups = [dict(group) for group in seed_groups]
    named = [study["seeds"], *(override.get("seeds") or [] for override in study.get("overrides", []))]
    return {
        "format": FORMAT,
        "study": {
            "name": study["name"],
            "title": study["title"],
            "digest": digest_of(study),
            "seed": study["seed"],
            "seeds": sorted({seed for seeds in [group["seeds"] for group in groups] or named for seed in seeds}),
            "seed_groups": groups,
            "device": study["device"],
        },
        "environment": environment(),
        "plugins": dict(sorted((plugins or {}).items())),
        "attacks": attack_locks(locks),
        "data": {name: read_json(path) for name, path in sorted((summaries or {}).items())},
        "artefacts": checksums(artefacts),
        "written": now(),
    }


def attack_locks(locks: Iterable[tuple[str, str | Path]]) -> list[dict]:
    """Attack, hash and content of each different lock, the ledgers made under it and how many screened; sorted."""
    found: dict[tuple[str, str], dict] = {}
    for attack, path in locks:
        lock = read_json(path)
        screening = lock.pop("screening", None)
        digest = attack_hash(lock)
        entry = found.setdefault(
            (attack, digest), {"attack": attack, "attack_hash": digest, "ledgers": 0, "screened": 0, "lock": lock}
        )
        entry["ledgers"] += 1
        entry["screened"] += screening is not None
    return [found[key] for key in sorted(found)]


def now() -> str:
    """This moment in UTC, to the second: 2026-01-31T12:00:00Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _answer(*command: str) -> str | None:
    """What a command prints; None where it is missing, fails or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout.strip()


def _processor() -> str | None:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("model name")]
    return next(filter(None, named), None) or platform.processor() or platform.machine() or None


def _cores() -> int | None:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count()


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None


def _gpus() -> list[str]:
    """Names of the GPUs: from torch where a job has it loaded already, else from the driver's own tool."""
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "cuda"):
        return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    listed = _answer("nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
    return [line.strip() for line in (listed or "").splitlines() if line.strip()]
