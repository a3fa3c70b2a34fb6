#!/usr/bin/env bash
# Snakemake runs this in the new conda environment; by hand: conda activate flat && bash envs/flat.post-deploy.sh
# The same packages as no-deps.lock (a test compares them): what they declare does not resolve to versions that work.
set -euo pipefail
python -m pip install --quiet --no-deps langdetect==1.0.9 textattack==0.3.11
