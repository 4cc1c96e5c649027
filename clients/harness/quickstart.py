"""The quick start of a client's README: its code, and what the README says that it prints."""

import re
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NOT_CODE = {"sh", "text", "console", "toml", "xml", "json"}


def blocks(readme: Path) -> tuple[str, str]:
    """The first block of code, and the first block of text after it."""
    found = _BLOCK.findall(readme.read_text())
    languages = [language for language, _ in found]
    start = next((at for at, language in enumerate(languages) if language not in _NOT_CODE), None)
    if start is None or "text" not in languages[start:]:
        raise RuntimeError(f"{readme} has no block of code with a `text` block after it")
    return found[start][1], found[languages.index("text", start)][1]
