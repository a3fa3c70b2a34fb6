#!/usr/bin/env bash
# Makes the lock files and flat.yaml anew from requirements.in (about five minutes). Usage: bash envs/lock.sh [PYTHON]
# Run it when a requirement changes, read the difference, and run `make test` before keeping it.
set -euo pipefail
cd "$(dirname "$0")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${1:-python3}" -m venv "$scratch/venv"
pip=("$scratch/venv/bin/python" -m pip --disable-pip-version-check)
"${pip[@]}" install --quiet --requirement bootstrap.lock
"${pip[@]}" install --quiet --no-build-isolation --requirement requirements.in
"${pip[@]}" freeze --all >"$scratch/frozen"
# torch as an index without local wheels gives it, for the CUDA packages that its metadata names
PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS='' "${pip[@]}" install --quiet --dry-run --ignore-installed \
    --report "$scratch/torch.json" "$(grep '^torch==' requirements.in)"

"$scratch/venv/bin/python" - "$scratch" <<'PYTHON'
import json
import re
import sys
from pathlib import Path

scratch = Path(sys.argv[1])
plain = lambda line: re.sub(r"[-_.]+", "-", line.split("==")[0]).lower()
marked = dict(re.findall(r"^([\w-]+)\S*\s*;\s*([^#\n]+?)\s*(?:#.*)?$", Path("requirements.in").read_text(), re.M))
note = "Written by envs/lock.sh; do not edit."
frozen = [re.sub(r"\+\w+$", "", line) for line in (scratch / "frozen").read_text().splitlines()]
frozen = [line for line in frozen if plain(line) != "pip" and "==" in line]
frozen = [f"{line}; {marked[plain(line)]}" if plain(line) in marked else line for line in frozen]
frozen.sort(key=plain)
Path("cpu.lock").write_text(f"# Every package of the environment, exactly. {note}\n" + "\n".join(frozen) + "\n")

torch = [item["metadata"] for item in json.loads((scratch / "torch.json").read_text())["install"]]
known = {plain(line) for line in frozen}
extra = sorted(f"{item['name']}=={item['version']}" for item in torch if plain(item["name"]) not in known)
Path("cuda.lock").write_text(
    f"# cpu.lock and the CUDA packages that torch asks for on Linux. {note}\n-r cpu.lock\n" + "\n".join(extra) + "\n"
)
head, _, _ = Path("flat.yaml").read_text().partition("  - pip:\n")
Path("flat.yaml").write_text(head + "  - pip:\n" + "".join(f"      - {json.dumps(line)}\n" for line in frozen))
PYTHON
