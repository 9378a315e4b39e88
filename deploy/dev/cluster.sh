#!/usr/bin/env bash
# Starts the real servers and three nodes on them, and stops everything on Ctrl-C.
#
#   deploy/dev/cluster.sh [FIRST_PORT]    nodes at FIRST_PORT (8080), +1 and +2; admin at +10, +11, +12
set -euo pipefail
cd "$(dirname "$0")/../.."

first=${1:-8080}
case "$first" in
  '' | *[!0-9]*) sed -n '2,4s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

cargo build --release --quiet
servers=$(deploy/dev/servers.sh start)
eval "$servers"
nodes=()
stop() {
  trap - EXIT INT TERM
  [ ${#nodes[@]} -eq 0 ] || kill -TERM "${nodes[@]}" 2>/dev/null || true
  wait
  deploy/dev/servers.sh stop "$TROUPE_SERVERS"
}
trap stop EXIT INT TERM

export TROUPE__STORAGE__BACKEND=distributed
export TROUPE__STORAGE__KEYS_SECRET="a secret of this machine alone, long enough"
target/release/troupe migrate
for place in 0 1 2; do
  target/release/troupe dev --port $((first + place)) --admin-port $((first + 10 + place)) &
  nodes+=($!)
done
wait
