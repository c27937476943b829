#!/usr/bin/env bash
# Two hosts to train between over TCP: network namespaces of this machine joined by a virtual cable, which takes root
# and a system that allows them; elsewhere the script that sources this says so and exits 77.
# shellcheck source=setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
folder=$(mktemp -d) first=pipetrain-$$-a second=pipetrain-$$-b network=10.213.77
clean_up() {
  ip netns del "$first" 2>/dev/null || true
  ip netns del "$second" 2>/dev/null || true
  rm -rf "$folder" "$log" "/etc/netns/$first" "/etc/netns/$second"
}
trap clean_up EXIT
fail() { echo "FAILED: $*"; exit 1; }

if ! command -v ip >/dev/null || ! ip netns add "$first" 2>/dev/null; then
  echo "skipped: no network namespace can be made here, which takes iproute2, root and a system that allows it"
  exit 77
fi
ip netns add "$second"
ip link add "pt$$a" netns "$first" type veth peer name "pt$$b" netns "$second"
ip -n "$first" address add "$network.1/24" dev "pt$$a"
ip -n "$second" address add "$network.2/24" dev "pt$$b"
for host in "$first" "$second"; do
  ip -n "$host" link set lo up
  # How long TCP tries to reach a host that is gone. With the system's 15 times (15 minutes) mpirun itself would wait
  # for it that long after all ranks have ended.
  ip netns exec "$host" sysctl -qw net.ipv4.tcp_retries2=3
  mkdir -p "/etc/netns/$host"   # becomes /etc/hosts there
  printf '127.0.0.1 localhost\n%s.1 %s\n%s.2 %s\n' "$network" "$first" "$network" "$second" >"/etc/netns/$host/hosts"
done
link() { ip -n "$first" link set "pt$$a" "$1" && ip -n "$second" link set "pt$$b" "$1"; }
link up

# enter HOST COMMAND...: as that host, name included. mpirun calls it in place of ssh.
cat >"$folder/enter" <<'END'
#!/bin/sh
host=$1; shift
exec ip netns exec "$host" unshare --uts sh -c 'hostname "$1"; shift; exec sh -c "$*"' enter "$host" "$@"
END
chmod +x "$folder/enter"

# between_hosts N OPTION...: pipetrain on N ranks of each host.
between_hosts() {
  local ranks=$1
  shift
  "$folder/enter" "$first" OMP_NUM_THREADS=1 exec mpirun --host "$first:$ranks,$second:$ranks" --bind-to none \
    --mca plm_rsh_agent "$folder/enter" --mca btl tcp,self,vader --mca btl_tcp_if_include "$network.0/24" \
    --mca oob_tcp_if_include "$network.0/24" -x OMP_NUM_THREADS "$build/app/pipetrain" "$@"
}
