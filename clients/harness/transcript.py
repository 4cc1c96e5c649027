"""What a program has printed, without what differs from run to run, and how it differs from what was expected."""

import difflib
import re

_CHANGING = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<uuid>"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "<time>"),
    (re.compile(r"\b127\.0\.0\.1:\d+\b"), "127.0.0.1:<port>"),
)


def normalised(text: str) -> str:
    """The text with UUIDs, times and ports replaced."""
    for pattern, name in _CHANGING:
        text = pattern.sub(name, text)
    return text


def difference(expected: str, printed: str, expected_name: str, printed_name: str) -> str:
    """A unified diff; empty when there is no difference."""
    lines = difflib.unified_diff(expected.splitlines(keepends=True), printed.splitlines(keepends=True), expected_name, printed_name)
    return "".join(lines)
