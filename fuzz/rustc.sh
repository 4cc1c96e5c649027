#!/bin/sh
# Cargo's RUSTC_WORKSPACE_WRAPPER: compiles this workspace's crates so that libFuzzer sees which paths an input takes, and comparisons that it fails.
# These are cargo-fuzz's flags, without AddressSanitizer, which needs a nightly compiler and has little to find where unsafe code is forbidden. The
# dependencies are compiled as ever and need no second target folder.
set -eu
case " $* " in
*" --crate-name build_script_build "*) exec "$@" ;;
esac
exec "$@" --cfg fuzzing -Cpasses=sancov-module \
	-Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
	-Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares \
	-Cllvm-args=-simplifycfg-branch-fold-threshold=0
