#!/bin/bash
# A study on a SLURM allocation. In the root of the checkout, with the environment active in which gan_study is installed:
#
#   sbatch --nodes=2 tests/cluster/slurm.sh studies/lsgan_vs_wgan.yaml --out /shared/runs
#
# What follows the script goes to `python -m gan_study run --resume`. /shared/runs stands for a folder that all nodes
# mount, or an s3:// URI. The study's lines are in slurm-<job>.out. After a preemption SLURM starts the job again, and
# two minutes before the end of its time the job asks for that itself; the study then continues where it was.
#
# Your cluster may want --partition and --account, too. Each node needs the data sets (GAN_STUDY_DATA); `scancel` ends the
# job, and the same sbatch command continues the study.
#
# tests/cluster/test_slurm.py runs this script with stand-ins for SLURM's commands; it has not run under SLURM yet.
#
#SBATCH --job-name=gan_study
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --gpus-per-task=1
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
set -euo pipefail

mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=${nodes[0]}
others=$((${#nodes[@]} - 1))
num_cpus=${SLURM_CPUS_PER_TASK:-1}
scratch=/tmp/ray-$SLURM_JOB_ID
# Other jobs may run Ray on the same nodes.
port=$((20000 + SLURM_JOB_ID * 4 % 20000))

# Every request to Ray must carry a token, which lies in the home folder that all nodes share.
export RAY_AUTH_MODE=token
token=${RAY_AUTH_TOKEN_PATH:-$HOME/.ray/auth_token}
[ -s "$token" ] || (umask 077 && mkdir -p "$(dirname "$token")" &&
    python -c 'import secrets; print(secrets.token_hex(32), end="")' > "$token")

end_ray() {
    # `ray start --block` ends its own Ray. Nothing else of this user on the node is touched.
    kill $(jobs -p) 2> /dev/null || true
    wait
    rm -rf "$scratch"
}
trap end_ray EXIT

# This script runs on the first node, whose Ray is the head.
mkdir -p "$scratch"
ip=$(python -c 'import ray; print(ray.util.get_node_ip_address())')
ray start --head --block --node-ip-address="$ip" --port="$port" --temp-dir="$scratch" --num-cpus="$num_cpus" \
    --dashboard-host=127.0.0.1 --dashboard-port=$((port + 1)) --ray-client-server-port=$((port + 2)) \
    --dashboard-agent-listen-port=$((port + 3)) --disable-usage-stats > "$scratch/head.log" 2>&1 &
ray_head=$!
until grep -qs "Ray runtime started" "$scratch/head.log"; do
    kill -0 $ray_head 2> /dev/null || { cat "$scratch/head.log"; exit 1; }
    sleep 0.5
done
if ((others > 0)); then
    srun --nodes=$others --ntasks=$others --exclude="$head" --cpus-per-task="$num_cpus" \
        ray start --address="$ip:$port" --block --num-cpus="$num_cpus" --disable-usage-stats > /dev/null &
fi

python -m gan_study run "$@" --resume --address "$ip:$port" &
study=$!
# A signal ends the study as Ctrl-C does: all that `--resume` needs is written.
again=false
trap 'again=true; kill -TERM $study' USR1
trap 'kill -TERM $study' TERM
status=0
wait $study || status=$?
while kill -0 $study 2> /dev/null; do # A signal has ended the `wait` before the study.
    status=0
    wait $study || status=$?
done
if $again; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit $status
