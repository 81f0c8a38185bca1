#!/bin/sh
# usage: network.sh RANKS MBIT COMMAND...        such as: network.sh 2 100 build/release/bench/bench_distributed --steps 5
# Runs a program of MPI with each rank on a host of its own: a network namespace, with a link of so many Mbit/s, each way, to a
# switch that joins them. Processors and memory are those of this machine. Needs root, iproute2 and Open MPI.
[ $# -ge 3 ] || { sed -n '2,4s/^# //p' "$0"; exit 2; }
ranks=$1 mbit=$2
shift 2
net=10.77.0
name=xtape$$
agent=$(mktemp) || exit 1

leave() {
  for i in $(seq 1 "$ranks"); do ip netns del "$name-$i" 2>/dev/null || true; done
  ip netns del "$name-switch" 2>/dev/null || true
  rm -f "$agent"
}
trap leave EXIT
trap 'exit 1' INT TERM
set -e

ip netns add "$name-switch"
ip -n "$name-switch" link add bridge type bridge
ip -n "$name-switch" link set bridge up
for i in $(seq 1 "$ranks"); do
  ip netns add "$name-$i"
  ip -n "$name-$i" link set lo up
  ip -n "$name-$i" link add link0 type veth peer name "port$i" netns "$name-switch"
  ip -n "$name-switch" link set "port$i" master bridge up
  ip -n "$name-$i" addr add "$net.$i/24" dev link0
  ip -n "$name-$i" link set link0 up
  # As on machines that compute together: windows stay open, and what has come is acknowledged at once.
  ip -n "$name-$i" route change "$net.0/24" dev link0 src "$net.$i" initcwnd 100 quickack 1
  ip netns exec "$name-$i" sysctl -qw net.ipv4.tcp_slow_start_after_idle=0
  # Where the processor has other work, packets wait for it: what may be sent of 25 ms keeps the mean rate.
  limit="rate ${mbit}mbit burst $((mbit * 3125)) latency 500ms"
  ip netns exec "$name-$i" tc qdisc add dev link0 root tbf $limit
  ip netns exec "$name-switch" tc qdisc add dev "port$i" root tbf $limit
done

# What mpirun calls in place of ssh: host, command. A name of its own keeps ranks from taking memory for the network.
cat >"$agent" <<END
#!/bin/sh
host=\${1##*.}
shift
exec ip netns exec "$name-\$host" unshare --uts sh -c "hostname xtape-host-\$host; \$*"
END
chmod +x "$agent"
hosts=$(seq -s, -f "$net.%g:1" 1 "$ranks")
ip netns exec "$name-1" ping -c 5 -i 0.2 -q "$net.2" 2>/dev/null | tail -1 >&2 || true
# Ranks that wait give the processor to those that compute, if there are more than cores.
idle=0
[ "$ranks" -le "$(nproc)" ] || idle=1
"$agent" "$net.1" "PATH='$PATH' OPENBLAS_NUM_THREADS=1 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
  mpirun -n $ranks -H $hosts --mca plm_rsh_agent $agent --mca btl tcp,self --mca pml ob1 \
  --mca btl_tcp_if_include $net.0/24 --mca oob_tcp_if_include $net.0/24 --mca hwloc_base_binding_policy none \
  --mca mpi_yield_when_idle $idle -x OPENBLAS_NUM_THREADS $*"
