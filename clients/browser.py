"""Calls datastored from a page in a real Chromium, and with buf curl, against a real S3 server.

What is not installed and cannot be got is skipped, and that is said.
"""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from harness import gate, pages, process, s3, server

CLIENTS = Path(__file__).resolve().parent
ROOT = CLIENTS.parent
TYPESCRIPT = CLIENTS / "typescript"
BUILT = ROOT / "target/clients/typescript-web"
BINARY = ROOT / "target/debug/datastored"
BUF = ROOT / "target/buf/node_modules/.bin/buf"
BUILDING = 300.0
GETTING = 600.0
RUNNING = 120.0


def main() -> int:
    """Runs the tests; 0 if they pass."""
    if why := _printed([TYPESCRIPT / "tasks.sh", "missing"], RUNNING):
        return _skipped("the browser and buf curl", why)
    subprocess.run([TYPESCRIPT / "tasks.sh", "browser"], cwd=ROOT, check=True, timeout=BUILDING)
    chromium = _printed([TYPESCRIPT / "web/chromium.sh"], GETTING)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(process.folder()))
        store = stack.enter_context(s3.serve(sys.executable))
        held = stack.enter_context(gate.serve(store.endpoint))
        allowed = stack.enter_context(pages.serve(BUILT / "page", held))
        other = stack.enter_context(pages.serve(BUILT / "page", held))
        servers = stack.enter_context(server.serve(str(BINARY), folder, held, ["--cors-origin", allowed]))
        environment = {
            "BUF": str(BUF),
            "CHROMIUM": chromium,
            "DATASTORED_ADDRESS": servers.address,
            "DATASTORED_TOKEN": servers.token,
            "PAGE_ORIGIN": allowed,
            "OTHER_ORIGIN": other,
            "S3_ENDPOINT": store.endpoint,
            "S3_HELD_ENDPOINT": held.endpoint,
            "S3_ACCESS_KEY_ID": store.full.id,
            "S3_SECRET_ACCESS_KEY": store.full.secret,
            "S3_LACKING_ACCESS_KEY_ID": store.lacking.id,
            "S3_LACKING_SECRET_ACCESS_KEY": store.lacking.secret,
        }
        tests = [str(test) for test in sorted(BUILT.glob("*.test.mjs"))]
        command = ["node", "--test", "--test-reporter=spec", "--test-concurrency=1", *tests]
        ran = subprocess.run(command, check=False, cwd=ROOT, env=os.environ | environment, timeout=RUNNING)
        left = store.take_left()
    for one in left:
        print(f"browser: left in the bucket: {one}", file=sys.stderr)
    if not chromium:
        _skipped("the browser", "there is no Chromium; install one, or name it in CHROMIUM")
    failed = ran.returncode != 0 or bool(left)
    print(f"browser: {'FAILED' if failed else 'ok'}, {'with Chromium' if chromium else 'the browser SKIPPED'}")
    return 1 if failed else 0


def _skipped(what: str, why: str) -> int:
    print(f"browser: SKIPPED {what}: {why}", file=sys.stderr)
    return 0


def _printed(command: list[str | Path], seconds: float) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True, timeout=seconds).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
