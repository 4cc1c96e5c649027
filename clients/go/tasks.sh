#!/usr/bin/env bash
# The tasks of the Go client: see ../README.md. Run in the root of the repository.
set -euo pipefail
here=clients/go
out=target/clients/go

generate() {
    make --silent target/buf/node_modules/.bin/buf
    rm -rf "$here/datastorev1"
    (cd "$here" && ../../target/buf/node_modules/.bin/buf generate ../../proto --path ../../proto/datastore)
    cp clients/service_config.json "$here/service_config.json"
}

build() {
    mkdir -p "$out"
    test -z "$(gofmt -l "$here" | tee /dev/stderr)"
    go -C "$here" vet ./...
    go -C "$here" build -o "$PWD/$out/" ./cmd/scenario
}

quickstart() {
    cp "$1" "$out/quickstart.go"
    go run -C "$here" "$PWD/$out/quickstart.go"
}

case "$1" in
missing) command -v go >/dev/null || echo "go is not installed" ;;
generate) generate ;;
build) build ;;
scenario) exec "$out/scenario" "${@:2}" ;;
quickstart) quickstart "$2" ;;
*) echo "tasks.sh: no task is called $1" >&2 && exit 2 ;;
esac
