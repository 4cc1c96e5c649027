#!/usr/bin/env bash
# Fuzzes every target of src/fuzz.rs, or those that are named: fuzz/run.sh SECONDS [TARGET...]. Goes on after a find, and fails at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=$1
shift
[ $# -gt 0 ] || set -- $(ls fuzz/seeds)

# Built once: what is edited meanwhile is for the next time.
built=$(RUSTC_WORKSPACE_WRAPPER=$PWD/fuzz/rustc.sh CARGO_INCREMENTAL=0 \
	cargo test --locked -p datastored -p datastored-fuzz --bin datastored-fuzz --no-run 2>&1 | tee /dev/stderr)
fuzzer=$(sed -n 's/^ *Executable .*(\(.*\))$/\1/p' <<<"$built")

failed=
for target in "$@"; do
	corpus=target/fuzz/corpus/$target found=target/fuzz/found/$target-
	mkdir -p "$corpus" target/fuzz/found
	log=target/fuzz/$target.log
	# What takes longer than ten seconds, or 2 GB, is a find as well.
	if FUZZ_TARGET=$target "$fuzzer" "$corpus" "fuzz/seeds/$target" -artifact_prefix="$found" -max_total_time="$seconds" \
		-max_len=8192 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 >"$log" 2>&1; then
		echo "$target: nothing found in $(awk '/number_of_executed_units/ {print $2}' "$log") inputs, $(grep -o 'cov: [0-9]*' "$log" | tail -1)"
	else
		grep -A 2 -m 1 -E 'panicked|ERROR: libFuzzer' "$log" || tail -5 "$log"
		echo "$target: broken, see $log; mend it, and copy the input beside it from $found* to fuzz/seeds/$target/ under a name that says what it is"
		failed=1
	fi
done
[ -z "$failed" ]
