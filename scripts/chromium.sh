#!/usr/bin/env bash
# Browser tests drive Debian's Chromium. Installs it where that is possible without a
# question, and otherwise says what is left out.
set -euo pipefail

command -v chromium >/dev/null && exit 0

if [ "$(id -u)" = 0 ] && grep -qs '^ID=debian$' /etc/os-release; then
    echo "Installing Chromium for the browser tests"
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends chromium fonts-liberation; } \
        </dev/null >"$log" 2>&1 || { tail -n 20 "$log" >&2; rm -f "$log"; exit 1; }
    rm -f "$log"
else
    echo "There is no 'chromium' on the path: the browser tests are left out. (On Debian: apt-get install chromium)"
fi
