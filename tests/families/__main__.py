"""Reads every template of a folder and says which answers come back equal."""

from __future__ import annotations

import sys
from pathlib import Path

from tektra_models.errors import TemplateFailed
from tests.families.roundtrip import Family
from tests.llama_sources import sources


def say(*words: str) -> None:
    """A line of the report."""
    sys.stdout.write(" ".join(words) + "\n")


def main(folder: Path) -> int:
    """Print a line for each template; gives how many are not right."""
    wrong = 0
    templates = sorted(folder.glob("*.jinja"))
    for path in templates:
        try:
            results = dict(Family(path.read_text(encoding="utf-8")).checked())
        except TemplateFailed as error:
            wrong += 1
            say(f"{path.stem:50} does not render: {error.message[:80]}")
            continue
        bad = [name for name, result in results.items() if result is False]
        left_out = sorted({result[:60] for result in results.values() if isinstance(result, str)})
        right = sum(result is True for result in results.values())
        wrong += bool(bad)
        reasons = [f"wrong: {', '.join(bad)}"] if bad else []
        say(f"{path.stem:50} {right:2} right", *reasons, *(f"({one})" for one in left_out))
    say(f"{len(templates) - wrong} of {len(templates)} templates: all that they write is read again")
    return wrong


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else sources() / "models/templates")
