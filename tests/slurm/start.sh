#!/usr/bin/env bash
# Starts a Slurm of one node with one pretended GPU (cores and memory are pretended too), for the tests.
# Usage: bash start.sh FOLDER [PROCESS]; stop.sh ends it, or the end of PROCESS does.
# Debian's slurm-wlm and munge, bound to the loopback, all state in FOLDER, no database: jobs are written to
# FOLDER/log/jobs.txt when they end. To use it: export SLURM_CONF=FOLDER/slurm.conf PATH=FOLDER/bin:$PATH
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
PATH=$PATH:/usr/sbin:/sbin
user=$(id -un)
node=$(hostname -s)
# munged refuses a key, a socket or a log in folders that others may write to
mkdir -p "$folder"/{bin,run,log,state,spool,munge}
chmod 0755 "$folder" "$folder/run"
chmod 0700 "$folder/munge" "$folder/log"

read -r controller daemon < <(python3 -c '
import socket
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*(s.getsockname()[1] for s in held))')

cat >"$folder/slurm.conf" <<CONF
ClusterName=flat-test
SlurmctldHost=$node(127.0.0.1)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/run/munge.socket
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=$controller
SlurmdPort=$daemon
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
AccountingStorageType=accounting_storage/none
Prolog=$folder/bin/prolog
JobCompType=jobcomp/filetxt
JobCompLoc=$folder/log/jobs.txt
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,bf_interval=2
MpiDefault=none
ReturnToService=2
MinJobAge=300
KillWait=5
GresTypes=gpu
NodeName=$node NodeAddr=127.0.0.1 CPUs=8 RealMemory=64000 Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes=$node Default=YES MaxTime=INFINITE State=UP
CONF
echo "NodeName=$node Name=gpu File=/dev/null" >"$folder/gres.conf"  # a GPU must be a file; jobs get its number alone
echo "CgroupPlugin=cgroup/v1" >"$folder/cgroup.conf"
# The Snakemake plugin takes SLURM_CONF out of srun's environment: srun gets it back, and /etc/slurm stays as it is
printf '#!/bin/sh\nSLURM_CONF=%s exec %s "$@"\n' "$folder/slurm.conf" "$(command -v srun)" >"$folder/bin/srun"
# The completion log has no GPUs without a database: as each job starts, its number and those of its GPUs are noted
printf '#!/bin/sh\necho "$SLURM_JOB_ID $SLURM_JOB_GPUS" >>%s\n' "$folder/log/gpus.txt" >"$folder/bin/prolog"
chmod +x "$folder"/bin/*

export SLURM_CONF=$folder/slurm.conf
started() {  # started NAME COMMAND...: run a daemon in a session of its own and note its process
    setsid "${@:2}" </dev/null >"$folder/log/$1.out" 2>&1 &
    echo $! >"$folder/run/$1.started"
}
trap 'bash "$here/stop.sh" "$folder"' ERR INT TERM
head -c 1024 /dev/urandom >"$folder/munge/key"
chmod 0400 "$folder/munge/key"
started munged munged --foreground --force --key-file="$folder/munge/key" --socket="$folder/run/munge.socket" \
    --pid-file="$folder/run/munged.pid" --log-file="$folder/log/munged.log" --seed-file="$folder/munge/seed"
for _ in $(seq 600); do [ -S "$folder/run/munge.socket" ] && break; sleep 0.1; done
started slurmctld slurmctld -D -f "$SLURM_CONF"
started slurmd slurmd -D -f "$SLURM_CONF" -N "$node"
for _ in $(seq 120); do
    kill -0 "$(cat "$folder/run/slurmctld.started")" || break
    state=$(timeout 5 sinfo --noheader --format=%T 2>/dev/null || true)
    [ "$state" = idle ] && break
    sleep 0.5
done
if [ "${state:-}" = idle ]; then
    if [ -n "${2:-}" ]; then
        setsid bash -c 'while kill -0 "$1" && [ -d "$2/run" ]; do sleep 1; done; bash "$3" "$2"' \
            watch "$2" "$folder" "$here/stop.sh" </dev/null >/dev/null 2>&1 &
        echo $! >"$folder/run/watch.started"
    fi
    exit 0
fi
echo "Slurm did not come up in a minute; its node is '${state:-unknown}'. The ends of its logs:" >&2
for log in "$folder"/log/*.out; do echo "$log:"; tail -n 5 "$log"; done >&2
false
