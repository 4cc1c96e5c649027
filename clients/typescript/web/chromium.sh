#!/usr/bin/env bash
# Prints the path of a Chromium: CHROMIUM, one that is installed, or Debian's headless one, which is unpacked under target/. Nothing when there is none.
# What cannot be got is said on stderr. It needs no root, and changes nothing outside target/.
set -euo pipefail
cd "$(dirname "$0")/../../.."
kept=$PWD/target/chromium

for name in "${CHROMIUM:-}" chromium chromium-headless-shell google-chrome; do
    if [ -n "$name" ] && path=$(command -v "$name"); then
        echo "$path"
        exit
    fi
done

# Debian's packages that it needs and this machine has not. The lists are our own, since those of the machine may be old or not there.
unpack() {
    local made=$kept.new packages
    rm -rf "$made"
    mkdir -p "$made/lists/partial" "$made/cache/archives/partial" "$made/debs"
    local apt=(-qq -o Dir::State::Lists="$made/lists" -o Dir::Cache="$made/cache" -o APT::Sandbox::User="$(id -un)" -o Debug::NoLocking=1)
    timeout 120 apt-get "${apt[@]}" update
    packages=$(apt-get "${apt[@]}" install --simulate --no-install-recommends chromium-headless-shell | awk '/^Inst/ { print $2 }')
    # shellcheck disable=SC2086 # a word for each package
    (cd "$made/debs" && timeout 300 apt-get "${apt[@]}" download $packages)
    for package in "$made"/debs/*.deb; do
        dpkg --extract "$package" "$made/root"
    done
    cat >"$made/chromium" <<SCRIPT
#!/bin/sh
for folder in "$kept"/root/usr/lib/*-linux-gnu*; do
    LD_LIBRARY_PATH="\$folder:\$folder/pulseaudio:\${LD_LIBRARY_PATH:-}"
done
export LD_LIBRARY_PATH
exec "$kept/root/usr/lib/chromium/chromium-headless-shell" "\$@"
SCRIPT
    chmod +x "$made/chromium"
    rm -rf "$made/lists" "$made/cache" "$made/debs" "$kept"
    mv "$made" "$kept"
}

if [ ! -x "$kept/chromium" ]; then
    if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
        echo "chromium.sh: no Chromium is installed, and this is no Debian whose packages could be unpacked" >&2
        exit
    fi
    echo "chromium.sh: no Chromium is installed; Debian's is unpacked under target/chromium" >&2
    # A subshell of its own, since what is tested by an if does not stop at an error.
    set +e
    (set -e && unpack) >&2
    unpacked=$?
    set -e
    if [ "$unpacked" != 0 ]; then
        echo "chromium.sh: Debian's packages could not be had" >&2
        exit
    fi
fi
# A library of the machine may be missing that Debian thinks is there.
if timeout 60 "$kept/chromium" --version >/dev/null 2>&1; then
    echo "$kept/chromium"
else
    echo "chromium.sh: target/chromium/chromium does not run here" >&2
fi
