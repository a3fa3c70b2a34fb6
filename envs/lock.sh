#!/usr/bin/env bash
# Makes anew what is written below envs/ (run it, read the difference, and run `make test` before keeping it):
#   bash envs/lock.sh [PYTHON]           pins from requirements.in, their hashes, and docs/licences.md: five minutes
#   bash envs/lock.sh hashes [PYTHON]    the hashes of the present pins alone, with those of other-builds.sha256: seconds
#   bash envs/lock.sh image              the digest of the image that Containerfile starts from: skopeo, or docker
# The first two need a package index with the JSON of PEP 691: PyPI, or PIP_INDEX_URL. Its word is taken for the hashes.
set -euo pipefail
cd "$(dirname "$0")"

if [ "${1:-}" = image ]; then
    image=$(sed -n 's/^FROM \([^@ ]*\).*/\1/p' Containerfile)
    if command -v skopeo >/dev/null; then
        digest=$(skopeo inspect --raw "docker://$image" | sha256sum)
    else
        digest=$(docker buildx imagetools inspect --format '{{.Manifest.Digest}}' "$image")
    fi
    digest=$(grep -oE '[0-9a-f]{64}' <<<"$digest")
    sed -i "s|^FROM .*|FROM $image@sha256:$digest|" Containerfile
    echo "$image is sha256:$digest"
    exit 0
fi

hashes_alone=no
if [ "${1:-}" = hashes ]; then
    hashes_alone=yes
    shift
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${1:-python3}" -m venv "$scratch/venv"
python=$scratch/venv/bin/python
pip=("$python" -m pip --disable-pip-version-check)
# by version alone: their hashes may be what is to be written
grep -o '^[a-z]*==[^ ]*' bootstrap.lock | xargs "${pip[@]}" install --quiet
if [ $hashes_alone = yes ]; then
    exec "$python" hashes.py
fi

"${pip[@]}" install --quiet --no-build-isolation --requirement requirements.in
"${pip[@]}" freeze --all >"$scratch/frozen"
# torch as PyPI gives it, for the CUDA packages that its metadata names; fast-deps reads the metadata alone
PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS='' "${pip[@]}" install --quiet --dry-run --ignore-installed \
    --use-feature=fast-deps --report "$scratch/torch.json" "$(grep '^torch==' requirements.in)"

"$python" - "$scratch" <<'PYTHON'
import json
import re
import sys
from pathlib import Path

scratch = Path(sys.argv[1])
plain = lambda line: re.sub(r"[-_.]+", "-", line.split("==")[0]).lower()
marked = dict(re.findall(r"^([\w-]+)\S*\s*;\s*([^#\n]+?)\s*(?:#.*)?$", Path("requirements.in").read_text(), re.M))
frozen = [re.sub(r"\+\w+$", "", line) for line in (scratch / "frozen").read_text().splitlines()]
frozen = [line for line in frozen if plain(line) != "pip" and "==" in line]
frozen = [f"{line}; {marked[plain(line)]}" if plain(line) in marked else line for line in frozen]
frozen.sort(key=plain)
torch = [item["metadata"] for item in json.loads((scratch / "torch.json").read_text())["install"]]
known = {plain(line) for line in frozen}
extra = sorted(f"{item['name']}=={item['version']}" for item in torch if plain(item["name"]) not in known)
for lock, pins in {"cpu.lock": frozen, "cuda-packages.lock": extra}.items():
    head = [line for line in Path(lock).read_text().splitlines() if line.startswith(("#", "-c "))]
    Path(lock).write_text("\n".join([*head, *pins]) + "\n")
PYTHON
"$python" hashes.py
"$python" licences.py
