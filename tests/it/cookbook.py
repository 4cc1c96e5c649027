"""Runs the commands of docs/grpcurl.md and compares what they print with what the page shows: `tests/it/cookbook.rs` starts the servers and calls it.

A page is text with blocks: each ```sh block is a command, and a ```json or ```text block right behind it is what it prints on both streams; without
one it prints nothing. On standard input: {"page": its file, "folder": where to run, "write": whether to write what is printed into the page,
"programs": the folder that has grpcurl, "server": `HOST:PORT` of the server whose every RPC the page must call,
"real": [[what the page says, what it is in this run], ...]}.
"""

import difflib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

SERVICE = "datastore.v1.DatastoreService"
COMMAND = re.compile(r"^```sh\n(?P<command>.*?)^```\n(?:\n```(?:json|text)\n(?P<output>.*?)^```\n)?", re.MULTILINE | re.DOTALL)
PATIENCE = 120  # seconds that a command may take

# What changes from run to run; the value is the group. A page token and an etag are sent as they came.
VARIABLES = {
    "UUID": r"\b([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b",
    "TIME": r"\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)",
    "DURATION": r'"duration": "([\d.]+s)"',
    "ETAG": r'"etag": "([0-9a-f]+)"',
    "PAGE_TOKEN": r'"(?:nextPageToken|page_token)": "([^"]+)"',
    "REQUEST_ID": r'"(?:requestId|extendedRequestId)": "(\w+)"',
    "PORT": r'"address": "127\.0\.0\.1:(\d+)"',
}


def variables(text):
    """Every value of a text that changes from run to run: where it begins and ends, and its kind; in order, none inside another."""
    found = [(*match.span(1), kind) for kind, pattern in VARIABLES.items() for match in re.finditer(pattern, text)]
    kept, end = [], 0
    for value in sorted(found):
        if value[0] >= end:
            kept.append(value)
            end = value[1]
    return kept


def replaced(text, replacement):
    """The text with each of those values replaced by `replacement(kind, value)`."""
    pieces, end = [], 0
    for start, stop, kind in variables(text):
        pieces += [text[end:start], replacement(kind, text[start:stop])]
        end = stop
    return "".join([*pieces, text[end:]])


def normal(text):
    """The lines of a text, alike in every run."""
    return replaced(text, lambda kind, _: f"<{kind}>").splitlines()


def in_order(text):
    """The events of a connection test, whose checks run at once, in the order of the checks and uncounted; any other text as it is."""
    events, decoder, at = [], json.JSONDecoder(), 0
    try:
        while at < len(text):
            event, end = decoder.raw_decode(text, at)
            events.append(event)
            at = end + 1
    except json.JSONDecodeError:
        return text
    changes = [event for event in events if "check" in event]
    if not changes:
        return text
    for change in changes:
        change["check"].pop("done", None)
    events.sort(key=place_of)
    return "\n".join(json.dumps(event, indent=2) for event in events) + "\n"


def place_of(event):
    """What an event of a connection test is sorted by."""
    check = event.get("check", {}).get("check", {})
    return "started" not in event, "completed" in event, check.get("check", ""), check.get("verdict", "")


class Run:
    """One run of a page."""

    def __init__(self, world):
        self.world = world
        self.real = world["real"]
        self.learned = {}
        self.differences = []
        path = os.pathsep.join([world["programs"], os.environ["PATH"]])
        self.environment = {**os.environ, "PATH": path}

    def as_in_the_page(self, text):
        """What was printed, with the page's words for what this run has made; no white space at the end of a line."""
        for page, real in self.real:
            text = text.replace(real, page)
        return "".join(f"{line.rstrip()}\n" for line in text.splitlines())

    def execute(self, command):
        """Runs a command of the page; what it printed, in the page's words."""
        for page, real in self.real:
            command = command.replace(page, real)
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.world["folder"],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return self.as_in_the_page(done.stdout)

    def learn(self, shown, printed):
        """Remembers which value of this run stands for which of the page: later commands send some of them."""
        pair = normal(shown), normal(printed)
        lines = shown.splitlines(), printed.splitlines()
        for begin, other, length in difflib.SequenceMatcher(None, *pair, autojunk=False).get_matching_blocks():
            for offset in range(length):
                old, new = lines[0][begin + offset], lines[1][other + offset]
                for (start, stop, kind), (start_now, stop_now, _) in zip(variables(old), variables(new), strict=True):
                    self.learned[kind, old[start:stop]] = new[start_now:stop_now]

    def block(self, match):
        """Runs a command; the block as it should stand in the page."""
        shown = match["output"] or ""
        command = replaced(match["command"], lambda kind, value: self.learned.get((kind, value), value))
        printed = self.execute(command)
        ordered = in_order(shown), in_order(printed)
        self.learn(*ordered)
        difference = difflib.unified_diff(*map(normal, ordered), "the page", "this run", lineterm="")
        lines = list(difference)
        if lines:
            self.differences.append("\n".join([f"$ {match['command'].rstrip()}", *lines]))
        if not printed:
            return f"```sh\n{command}```\n"
        language = "json" if printed.startswith("{") else "text"
        return f"```sh\n{command}```\n\n```{language}\n{printed}```\n"

    def uncalled(self, page):
        """The RPCs that no command calls."""
        commands = " ".join(match["command"] for match in COMMAND.finditer(page))
        listed = self.execute(f"grpcurl -plaintext {self.world['server']} list {SERVICE}").split()
        called = {f"{SERVICE}.{name}" for name in re.findall(rf"{re.escape(SERVICE)}/(\w+)", commands)}
        return sorted(set(listed) - called)


def mistakes(run, page):
    """What is wrong with the page before anything is compared."""
    if re.search(r"^```(json|text)$", COMMAND.sub("", page), re.MULTILINE):
        yield "the page shows output that no command stands right before"
    missing = run.uncalled(page)
    if missing:
        yield f"the page calls no {', '.join(missing)}"


def main():
    """Runs the page that standard input names, and says what is otherwise than it shows."""
    world = json.load(sys.stdin)
    file = Path(world["page"])
    page = file.read_text()
    run = Run(world)
    wrong = list(mistakes(run, page))
    written = COMMAND.sub(run.block, page)
    if not world["write"]:
        wrong += run.differences
    elif run.differences and not wrong:
        file.write_text(written)
    print("\n\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
