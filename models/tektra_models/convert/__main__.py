"""The process that converts: `python -m tektra_models.convert FOLDER TARGET TYPE`.

It dies with its parent, says one line `DONE TOTAL` for each tensor, and can be killed at any time. What goes wrong it
says as one line of JSON on stderr.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tektra_models.errors import ModelError, Unsupported
from tektra_models.worker import die_with_parent


def main(argv: list[str]) -> int:
    """The process that converts."""
    die_with_parent()
    source, target, wanted = argv
    try:
        _convert(Path(source), Path(target), wanted)
    except ModelError as error:
        sys.stderr.write(json.dumps({"code": error.code, "message": error.message, "hint": error.hint}) + "\n")
        return 1
    return 0


def _convert(source: Path, target: Path, wanted: str) -> None:
    try:
        from tektra_models.convert.convert import convert
    except ModuleNotFoundError as error:
        if error.name != "gguf":
            raise
        raise Unsupported(
            "Converting needs the gguf library, which is not installed.",
            "Install it where Tektra is: pip install 'tektra-cli[convert]'",
        ) from error
    convert(source, target, wanted, _report)


def _report(done: int, total: int) -> None:
    sys.stdout.write(f"{done} {total}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
