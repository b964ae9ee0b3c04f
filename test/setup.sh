#!/usr/bin/env bash
# Installs what the tests need beside Node: a redis-server to talk to. Does nothing when it is there.
set -euo pipefail

missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
[ ${#missing[@]} = 0 ] && exit 0

echo "installing for the tests: ${missing[*]}" >&2
if ! command -v apt-get >/dev/null; then
  echo "no apt-get here: install ${missing[*]} by hand, then run make test again" >&2
  exit 1
fi
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq >&2
# The package would start a server of its own on 6379; the tests start theirs on free ports.
$sudo apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}" >&2
