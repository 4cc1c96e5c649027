#!/usr/bin/env bash
# Makes the stubs of every client, or of the languages that are named, from proto/. They are checked in, and CI fails when they are stale.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ $# -eq 0 ]; then
    for tasks in clients/*/tasks.sh; do
        set -- "$@" "$(basename "$(dirname "$tasks")")"
    done
fi
for language in "$@"; do
    missing=$("clients/$language/tasks.sh" missing)
    if [ -n "$missing" ]; then
        echo "generate: SKIPPED $language, its stubs may be stale: $missing" >&2
        continue
    fi
    "clients/$language/tasks.sh" generate
done
