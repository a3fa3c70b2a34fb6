#!/usr/bin/env bash
# Ends what start.sh started in FOLDER: the jobs, then the daemons, by the processes noted there. Usage: bash stop.sh FOLDER
set -uo pipefail
folder=$(cd "$1" && pwd) || exit 1
export SLURM_CONF=$folder/slurm.conf
timeout 5 scancel --user="$(id -un)" 2>/dev/null
for _ in $(seq 20); do [ -z "$(timeout 5 squeue --noheader 2>/dev/null)" ] && break; sleep 0.5; done
for name in slurmd slurmctld munged; do
    [ -f "$folder/run/$name.started" ] || continue
    process=$(cat "$folder/run/$name.started")
    kill "$process" 2>/dev/null
    for _ in $(seq 50); do kill -0 "$process" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$process" 2>/dev/null
    rm -f "$folder/run/$name.started"
done
[ -f "$folder/run/watch.started" ] && kill "$(cat "$folder/run/watch.started")" 2>/dev/null
exit 0
