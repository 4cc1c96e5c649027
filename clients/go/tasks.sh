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
    go -C "$here" test ./...
    go -C "$here" build -o "$PWD/$out/" ./cmd/scenario
}

# In a module of its own, made as the README says.
quickstart() {
    local module=$out/quickstart
    rm -rf "$module"
    mkdir "$module"
    cp "$1" "$module/main.go"
    go -C "$module" mod init example.com/quickstart 2>/dev/null
    (cd "$module" && sed -n '/^```sh$/,/^```$/p' "$OLDPWD/$here/README.md" | sed -e '/^```/d' -e "s|\.\./datastored/|$OLDPWD/|" | bash -e)
    go run -C "$module" .
}

case "$1" in
missing) command -v go >/dev/null || echo "go is not installed" ;;
generate) generate ;;
build) build ;;
scenario) exec "$out/scenario" "${@:2}" ;;
quickstart) quickstart "$2" ;;
*) echo "tasks.sh: no task is called $1" >&2 && exit 2 ;;
esac
