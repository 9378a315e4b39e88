#!/usr/bin/env bash
# Starts the real servers and processes on them, and stops everything on Ctrl-C.
#
#   deploy/dev/cluster.sh [FIRST_PORT]            three nodes at FIRST_PORT (8080), +1 and +2; admin at +10 and up
#   deploy/dev/cluster.sh --groups [FIRST_PORT]   a process per group at FIRST_PORT to +7; admin at +10 and up
set -euo pipefail
cd "$(dirname "$0")/../.."

# What each process runs; empty: everything.
nodes=("" "" "")
if [ "${1:-}" = --groups ]; then
  nodes=(gateway auth user chat message notification media websocket)
  shift
fi
first=${1:-8080}
case "$first" in
  '' | *[!0-9]*) sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

cargo build --release --quiet
servers=$(deploy/dev/servers.sh start)
eval "$servers"
started=()
stop() {
  trap - EXIT INT TERM
  [ ${#started[@]} -eq 0 ] || kill -TERM "${started[@]}" 2>/dev/null || true
  wait
  deploy/dev/servers.sh stop "$TROUPE_SERVERS"
}
trap stop EXIT INT TERM

export TROUPE__STORAGE__BACKEND=distributed
export TROUPE__STORAGE__KEYS_SECRET="a secret of this machine alone, long enough"
target/release/troupe migrate
for place in "${!nodes[@]}"; do
  group=${nodes[$place]}
  port=$((first + place))
  settings=(TROUPE__HTTP__PORT="$port" TROUPE__ADMIN__PORT=$((first + 10 + place)))
  [ -z "$group" ] || settings+=(TROUPE__GROUPS="$group")
  [ -z "$group" ] || [ "$group" = gateway ] || settings+=("TROUPE__PORTS__${group^^}=$port")
  env "${settings[@]}" target/release/troupe dev &
  started+=($!)
done
wait
