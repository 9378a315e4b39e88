#!/usr/bin/env bash
# Makes every fault of the suite, the long ones too, on servers of its own: about 25 minutes.
#
#   deploy/dev/faults.sh [NAME]    only those whose name holds NAME
set -euo pipefail
cd "$(dirname "$0")/../.."

deploy/dev/servers.sh install
if cargo nextest --version >/dev/null 2>&1; then
  exec cargo nextest run --workspace --test it --run-ignored all --no-fail-fast \
    -E "test(/^faults::(smoke|whole)::.*${1:-}/)"
fi
exec cargo test --workspace --test it -- --include-ignored --test-threads 1 "faults::${1:-}"
