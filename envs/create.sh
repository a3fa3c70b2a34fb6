#!/usr/bin/env bash
# Usage: create.sh VENV [PYTHON]. Makes the virtual environment VENV with a Python that FLAT supports, unless it is there.
set -euo pipefail
venv=$1
wanted=${2:-}
# never build from the environment itself: it may be activated, or first on make's PATH
inside="$(mkdir -p "$(dirname "$venv")" && cd "$(dirname "$venv")" && pwd)/$(basename "$venv")"
PATH=$(printf '%s' "$PATH" | tr ':' '\n' | { grep -vxF "$inside/bin" || true; } | paste -sd ':' -)

supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

if [ -x "$venv/bin/python" ] && supported "$venv/bin/python" && [ -f "$venv/bin/activate" ]; then
    made_here=$(sed -n 's/^command = .* -m venv \(--[a-z-]* \)*//p' "$venv/pyvenv.cfg")
    if [ "$made_here" = "$inside" ]; then
        exit 0
    fi
    echo "$venv was made in $made_here and cannot be moved: making it anew"
fi

for python in ${wanted:-python3 python3.13 python3.12 python3.11}; do
    if supported "$python"; then
        echo "[1/3] creating $venv with $("$python" --version)"
        rm -rf "$venv"
        if "$python" -m venv "$venv" && "$venv/bin/python" -m pip --version >/dev/null; then
            exit 0
        fi
        rm -rf "$venv"
        echo "error: $python cannot make virtual environments." >&2
        echo "  remedy: install its venv module (Debian and Ubuntu: apt install python3-venv)" >&2
        exit 1
    fi
done

echo "error: FLAT needs Python 3.11, 3.12 or 3.13; found ${wanted:-python3} = $("${wanted:-python3}" --version 2>&1 || true)" >&2
echo "  remedy: install one of them, or name it: make setup PYTHON=/path/to/python3.12" >&2
exit 1
