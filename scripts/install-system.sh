#!/usr/bin/env bash
# Debian packages that Beffroi, its demo and its tests use. Says what it installs; does nothing when all are there.
set -euo pipefail

packages=(
  ffmpeg              # an independent client of the simulated cameras
  chromium            # the console's end-to-end tests
  fonts-dejavu-core   # captions of the simulated street scenes, and Chromium's text
  postgresql-15       # the centre's database is tested on it as well as on SQLite
  python3-venv
  strace              # faults injected at system calls in the tests
  util-linux          # setpriv: PostgreSQL refuses to run as root
  iproute2            # a witness of the tests runs on a host of its own (a network name space)
)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  exit 0
fi
echo "== Debian packages: ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "Run as root, or install sudo: ${missing[*]} are needed." >&2; exit 1; }
  as_root=(sudo)
fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
# Debian starts a cluster of its own; the tests start theirs, on a free port, and leave this one alone.
