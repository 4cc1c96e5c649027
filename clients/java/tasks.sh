#!/usr/bin/env bash
# The tasks of the Java client: see ../README.md. Run in the root of the repository.
set -euo pipefail
here=clients/java
built=target/clients/java

maven() {
    mvn --batch-mode -Dstyle.color=never -Dorg.slf4j.simpleLogger.defaultLogLevel=warn --file $here/pom.xml "$@"
}

# What the JDK needs to find the client and all that it uses.
classpath() {
    echo "$built/datastored-client-0.1.0.jar:$(cat $built/classpath)"
}

missing() {
    command -v javac >/dev/null || { echo "javac is not installed"; return; }
    command -v mvn >/dev/null || { echo "mvn is not installed"; return; }
    local version
    version=$(javac -version)
    version=${version#javac }
    [ "${version%%.*}" -ge 17 ] || echo "the JDK is older than 17"
}

generate() {
    maven -Pgenerators dependency:copy
    chmod +x $built/generators/*.exe
    rm -rf $here/src/main/java/dev/datastored/v1
    (cd $here && ../../target/buf/node_modules/.bin/buf generate)
}

case $1 in
missing) missing ;;
generate) generate ;;
build) maven -Dmaven.compiler.failOnWarning package dependency:build-classpath -Dmdep.outputFile="$PWD/$built/classpath" ;;
scenario) exec java -cp "$(classpath):$built/test-classes" dev.datastored.scenario.Scenario ;;
quickstart) exec java -cp "$(classpath)" --source 17 "$2" ;;
*) echo "tasks.sh: no task is called $1" >&2 && exit 2 ;;
esac
