#!/usr/bin/env bash
# The tasks of the Python client: see ../README.md. Run in the root of the repository.
set -euo pipefail
here=clients/python
venv=target/clients/python/venv
stubs=$here/src/datastored/v1
made=target/clients/python/made

missing() {
    command -v python3 >/dev/null || { echo "python3 is not installed"; return; }
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || echo "python3 is older than 3.11"
}

install_tools() {
    if [ ! -e "$venv/.installed" ] || [ "$here/requirements.txt" -nt "$venv/.installed" ]; then
        python3 -m venv --clear "$venv"
        "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
        touch "$venv/.installed"
    fi
}

# The stubs import each other as datastore.v1, after their protos; here they live in the package datastored.v1.
generate() {
    install_tools
    rm -rf "$stubs" "$made"
    mkdir -p "$stubs" "$made"
    local protoc=("$venv/bin/python" -m grpc_tools.protoc --proto_path=proto --plugin="$venv/bin/protoc-gen-mypy" --plugin="$venv/bin/protoc-gen-mypy_grpc")
    "${protoc[@]}" --python_out="$made" --mypy_out=quiet:"$made" proto/datastore/v1/*.proto
    "${protoc[@]}" --grpc_python_out="$made" --mypy_grpc_out=quiet:"$made" proto/datastore/v1/datastore_service.proto
    sed -i -E 's/^((from|import) )datastore\.v1\b/\1datastored.v1/; s/([^"])\bdatastore\.v1\.(\w+_pb2)\b/\1datastored.v1.\2/' "$made"/datastore/v1/*
    {
        echo '"""The messages of the API, made from the protos by clients/generate.sh. Do not edit."""'
        echo
        for module in "$made"/datastore/v1/*_pb2.py; do
            echo "from datastored.v1.$(basename "$module" .py) import *"
        done
    } >"$made/datastore/v1/__init__.py"
    cp "$made"/datastore/v1/* "$stubs"
    cp clients/service_config.json "$here/src/datastored/service_config.json"
}

build() {
    install_tools
    "$venv/bin/ruff" format --quiet --diff clients
    "$venv/bin/ruff" check --quiet clients
    "$venv/bin/pip" install --quiet --no-deps --force-reinstall "./$here"
    "$venv/bin/mypy" --config-file "$here/pyproject.toml" --cache-dir target/clients/python/mypy --python-executable "$venv/bin/python" "$here/scenario.py" "$here/test_client.py"
    "$venv/bin/python" -m unittest --quiet "$here/test_client.py"
}

case "$1" in
missing) missing ;;
generate) generate ;;
build) build ;;
scenario) exec "$venv/bin/python" "$here/scenario.py" "${@:2}" ;;
quickstart) exec "$venv/bin/python" "$2" ;;
*) echo "tasks.sh: no task is called $1" >&2 && exit 2 ;;
esac
