#!/usr/bin/env bash
# Runs a command with a Node new enough for the UI's tools: the machine's own, or else
# the pinned one of requirements/node.txt, installed into .venv.
set -euo pipefail
cd "$(dirname "$0")/.."

new_enough() { # what Vite asks for
    node -e 'const [a, b] = process.versions.node.split(".").map(Number);
             process.exit(a > 22 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

if ! new_enough; then
    PATH="$PWD/.venv/bin:$PATH"
    if ! new_enough; then
        echo "No Node 20.19 or newer on the path: installing one into .venv" >&2
        .venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements/node.txt
        hash -r # bash remembers where it found the old one
    fi
fi
exec "$@"
