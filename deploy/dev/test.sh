#!/usr/bin/env bash
# Runs every test, against the real servers too. As root on Debian it installs what is missing first.
set -euo pipefail
cd "$(dirname "$0")/../.."

have() { command -v "$1" >/dev/null 2>&1; }

install_missing() {
  local missing=()
  have cc || missing+=(build-essential)
  have curl || missing+=(curl)
  have ffmpeg || missing+=(ffmpeg)
  have chromium || missing+=(chromium)
  have chromedriver || missing+=(chromium-driver)
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" -ne 0 ] || ! have apt-get; then
    echo "missing: ${missing[*]} (install them, or run this as root on Debian)" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

install_missing
deploy/dev/check.sh
servers=$(deploy/dev/servers.sh start)
eval "$servers"
trap 'deploy/dev/servers.sh stop "$TROUPE_SERVERS"' EXIT

# `flows MODULE` leaves one out: one process serves the page alike on whatever stores.
if cargo nextest --version >/dev/null 2>&1; then
  cargo test --workspace --doc
  cargo nextest run --workspace --lib --bins --tests --no-fail-fast
  flows() {
    cargo nextest run --workspace --test it --no-fail-fast \
      -E "test(/^flows::/)${1:+ - test(/^flows::$1::/)}"
  }
else
  cargo test --workspace --no-fail-fast
  flows() {
    cargo test --workspace --test it --no-fail-fast flows:: -- ${1:+--skip "flows::$1::"}
  }
fi
echo "the flows again, in one process on the real servers"
TROUPE_FLOWS=servers flows demo_page
echo "the flows again, on two nodes"
TROUPE_FLOWS=nodes flows
echo "the flows again, on a process per group"
TROUPE_FLOWS=groups flows
