"""Runs every client against datastored and a real S3 server, and compares what they print.

A client whose toolchain is not installed is skipped, and that is said.
"""

import argparse
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness import front, gate, process, quickstart, s3, server, transcript

CLIENTS = Path(__file__).resolve().parent
ROOT = CLIENTS.parent
EXPECTED = CLIENTS / "transcript.txt"
SCENARIO = CLIENTS / "scenario.json"
BUILDING = 900.0
RUNNING = 120.0

# Options that make a client's program play the scenario in another way, with the same transcript.
OTHER_WAYS = {"python": ["--aio"], "typescript": ["--signal"]}


@dataclass(frozen=True)
class Run:
    """One program to run: of which language, and in which way."""

    language: str
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How it is called in what is printed."""
        return " ".join((self.language, *self.options))


def main() -> int:
    """Runs the clients; 0 if all print what they should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("languages", nargs="*", help="all that have a folder, if none is named")
    built = ROOT / os.environ.get("CARGO_TARGET_DIR", "target")
    parser.add_argument("--datastored", default=built / "debug/datastored", type=Path)
    parser.add_argument("--accept", action="store_true", help="write transcript.txt anew from the first client")
    options = parser.parse_args()
    languages = options.languages or sorted(tasks.parent.name for tasks in CLIENTS.glob("*/tasks.sh"))
    skipped = {language: why for language in languages if (why := _missing(language))}
    for language, why in skipped.items():
        print(f"clients: SKIPPED {language}: {why}", file=sys.stderr)
    present = [language for language in languages if language not in skipped]
    with ThreadPoolExecutor() as pool:
        failures = [failure for failure in pool.map(_build, present) if failure]
    if not failures:
        failures = _play(present, options.datastored, options.accept)
    for failure in failures:
        print(failure, file=sys.stderr)
    for language, why in skipped.items():
        print(f"clients: SKIPPED {language}: {why}", file=sys.stderr)
    print(f"clients: {len(present)} languages run, {len(failures)} failures, {len(skipped)} SKIPPED")
    return 1 if failures else 0


def _play(languages: list[str], binary: Path, accept: bool) -> list[str]:
    failures = []
    with s3.serve(sys.executable) as store:
        for language in languages:
            runs = [Run(language), *(Run(language, (option,)) for option in OTHER_WAYS.get(language, []))]
            for run in runs:
                failures += _scenario(run, binary, store, accept and run.name == languages[0])
            failures += _quick_start(language, binary, store)
    return failures


def _scenario(run: Run, binary: Path, store: s3.S3, accept: bool) -> list[str]:
    """Plays the scenario with one program on a fresh server."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(process.folder()))
        held = stack.enter_context(gate.serve(store.endpoint))
        servers = stack.enter_context(server.serve(str(binary), folder, held))
        faults = json.loads(SCENARIO.read_text())["faults"]
        faulty = stack.enter_context(front.serve(servers.address, faults))
        environment = _environment(servers, store) | {
            "DATASTORED_FRONT_ADDRESS": faulty.address,
            "DATASTORED_TLS_ADDRESS": servers.tls_address,
            "DATASTORED_TLS_CA": str(servers.files / "ca.pem"),
            "DATASTORED_TLS_CERTIFICATE": str(servers.files / "caller.pem"),
            "DATASTORED_TLS_KEY": str(servers.files / "caller.key"),
            "S3_LACKING_ACCESS_KEY_ID": store.lacking.id,
            "S3_LACKING_SECRET_ACCESS_KEY": store.lacking.secret,
            "S3_HELD_ENDPOINT": held.endpoint,
            "SCENARIO": str(SCENARIO),
        }
        printed, failure = _run(run.language, ["scenario", *run.options], environment)
        seen = "".join(f"{method}: {calls} calls\n" for method, calls in sorted(faulty.calls.items()))
        seen += f"held: {len(held.held)} requests\n"
        seen += "".join(f"left in the bucket: {left}\n" for left in store.take_left())
    printed = transcript.normalised(f"{printed}## seen from outside\n{seen}")
    if accept:
        EXPECTED.write_text(printed)
    return _compared(run.name, EXPECTED.read_text(), printed, "clients/transcript.txt", failure)


def _quick_start(language: str, binary: Path, store: s3.S3) -> list[str]:
    """Runs the first code of a client's README on a fresh server."""
    readme = CLIENTS / language / "README.md"
    code, expected = quickstart.blocks(readme)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(process.folder()))
        held = stack.enter_context(gate.serve(store.endpoint))
        servers = stack.enter_context(server.serve(str(binary), folder, held))
        file = folder / "quickstart"
        file.write_text(code)
        printed, failure = _run(language, ["quickstart", str(file)], _environment(servers, store))
    name = f"{language} quick start"
    return _compared(name, expected, transcript.normalised(printed), f"clients/{language}/README.md", failure)


def _environment(servers: server.Servers, store: s3.S3) -> dict[str, str]:
    return {
        "DATASTORED_ADDRESS": servers.address,
        "DATASTORED_TOKEN": servers.token,
        "S3_ENDPOINT": store.endpoint,
        "S3_ACCESS_KEY_ID": store.full.id,
        "S3_SECRET_ACCESS_KEY": store.full.secret,
    }


def _compared(name: str, expected: str, printed: str, where: str, failure: str) -> list[str]:
    difference = transcript.difference(expected, printed, where, name)
    if difference or failure:
        return [f"clients: {name}: {failure or 'prints something else'}\n{difference}"]
    print(f"clients: {name}: ok")
    return []


def _missing(language: str) -> str:
    answer = subprocess.run([_tasks(language), "missing"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return answer.stdout.strip()


def _build(language: str) -> str:
    """Builds a client; what went wrong, if anything."""
    try:
        built = subprocess.run(
            [_tasks(language), "build"],
            check=False,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=BUILDING,
        )
    except subprocess.TimeoutExpired:
        return f"clients: {language} was not built within {BUILDING:.0f} s"
    return f"clients: {language} cannot be built:\n{built.stdout}" if built.returncode else ""


def _run(language: str, words: list[str], environment: dict[str, str]) -> tuple[str, str]:
    """Runs a program of a client: what it prints, and what went wrong, if anything."""
    command = [_tasks(language), *words]
    try:
        ran = subprocess.run(command, check=False, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=RUNNING)
    except subprocess.TimeoutExpired as error:
        return (error.stdout or b"").decode(), f"did not end within {RUNNING:.0f} s"
    return ran.stdout, f"ended with {ran.returncode}:\n{ran.stderr}" if ran.returncode else ""


def _tasks(language: str) -> str:
    return str(CLIENTS / language / "tasks.sh")


if __name__ == "__main__":
    sys.exit(main())
