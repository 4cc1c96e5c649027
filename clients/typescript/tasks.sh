#!/usr/bin/env bash
# The tasks of the TypeScript client: see ../README.md. Run in the root of the repository.
set -euo pipefail
here=clients/typescript
built=target/clients/typescript
tsc=$PWD/$here/node_modules/.bin/tsc

install() {
    local installed=$here/node_modules/.package-lock.json
    [ "$installed" -nt $here/package-lock.json ] || npm --prefix $here ci --silent
}

case $1 in
missing)
    command -v npm >/dev/null || { echo "npm is not installed"; exit; }
    node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' || echo "node is older than 20"
    ;;
generate)
    install
    (cd $here && ../../target/buf/node_modules/.bin/buf generate)
    { echo "// @generated from clients/service_config.json"; echo; printf "export const serviceConfig = "; cat clients/service_config.json; } \
        >$here/src/gen/service_config.ts
    ;;
build)
    # The program uses the package as npm would install it, so what is missing in it is missed.
    install
    rm -rf $here/dist $built
    mkdir -p $built/node_modules/datastored-client
    (cd $here && "$tsc" && npm pack --silent --pack-destination "$OLDPWD/$built" >/dev/null)
    tar -xzf $built/datastored-client-*.tgz -C $built/node_modules/datastored-client --strip-components 1
    for scope in @bufbuild @grpc @types; do
        ln -s "$PWD/$here/node_modules/$scope" $built/node_modules/$scope
    done
    cp $here/scenario/* $here/test/* $built
    "$tsc" -p $built
    node --test --test-timeout=30000 $built/client.test.js
    ;;
scenario)
    exec node $built/scenario.js "${@:2}"
    ;;
browser)
    # What clients/browser.py runs: the page, which a browser needs in one file, and the tests.
    install
    rm -rf $built-web
    mkdir -p $built-web/page
    "$tsc" -p $here/web
    esbuild=$here/node_modules/.bin/esbuild
    "$esbuild" $here/web/page.ts --bundle --format=esm --log-level=warning --outfile=$built-web/page/page.js
    cp $here/web/index.html $built-web/page
    "$esbuild" $here/web/*.test.ts --bundle --packages=external --platform=node --format=esm --log-level=warning --out-extension:.js=.mjs --outdir=$built-web
    ln -s "$PWD/$here/node_modules" $built-web/node_modules
    ;;
quickstart)
    cp "$2" $built/quickstart.ts
    "$tsc" -p $built
    exec node $built/quickstart.js
    ;;
*)
    echo "tasks.sh: no task is called $1" >&2
    exit 2
    ;;
esac
