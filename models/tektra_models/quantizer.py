"""The process that quantizes: `python -m tektra_models.quantizer SOURCE TARGET FILE_TYPE AGAIN`.

It dies with its parent, says one line `DONE TOTAL` for each tensor, and can be killed at any time.
"""

from __future__ import annotations

import sys

from tektra_models.llamacpp_quantize import quantize_file
from tektra_models.worker import die_with_parent


def main(argv: list[str]) -> int:
    """The process that quantizes."""
    die_with_parent()
    source, target, number, again = argv

    def report(done: int, total: int) -> None:
        sys.stdout.write(f"{done} {total}\n")
        sys.stdout.flush()

    return 0 if quantize_file(source, target, int(number), again=again == "1", report=report) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
