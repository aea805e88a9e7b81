"""Pure: unified diffs of texts that a program may have written, in bounded time and length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

CONTEXT = 3
LONGEST = 64 << 10
"""Characters of one diff."""
ALL = 4 << 20
TEXT_BYTES = 1 << 20
"""What is longer is not read as text."""
PAIRS = 1_000_000
"""Lines of one side times lines of the other: beyond, all of the one are removed and all of the other added."""
ALL_PAIRS = 20_000_000

Step = tuple[str, int, int, int, int]
"""What happens, and to which lines of either side."""


@dataclass(frozen=True, slots=True)
class Diff:
    """How a text became another one."""

    text: str
    lines_added: int
    lines_removed: int
    is_cut: bool


class Differ:
    """Makes diffs until there were enough."""

    def __init__(self) -> None:
        self._characters = ALL
        self._pairs = ALL_PAIRS

    def diff(self, name: str, before: str | None, after: str | None) -> Diff:
        """A unified diff, as `patch` takes it where it was not cut; None is a file that is not there."""
        old, new = _lines(before), _lines(after)
        steps = self._steps(old, new)
        added = sum(step[4] - step[3] for step in steps if step[0] != "equal")
        removed = sum(step[2] - step[1] for step in steps if step[0] != "equal")
        written: list[str] = []
        left = min(LONGEST, self._characters)
        for line in _written(name, before is None, after is None, old, new, steps):
            left -= len(line)
            if left < 0:
                break
            written.append(line)
        text = "".join(written)
        self._characters -= len(text)
        return Diff(text, added, removed, left < 0)

    def _steps(self, old: Sequence[str], new: Sequence[str]) -> list[Step]:
        """What is equal, replaced, deleted and inserted, in order."""
        most = min(len(old), len(new))
        start = next((n for n in range(most) if old[n] != new[n]), most)
        most -= start
        end = next((n for n in range(most) if old[-1 - n] != new[-1 - n]), most)
        a, b = old[start : len(old) - end], new[start : len(new) - end]
        pairs = len(a) * len(b)
        if pairs <= min(PAIRS, self._pairs):
            self._pairs -= pairs
            middle: list[Step] = [
                (what, i + start, i_end + start, j + start, j_end + start)
                for what, i, i_end, j, j_end in SequenceMatcher(None, a, b).get_opcodes()
            ]
        else:
            middle = [("replace", start, len(old) - end, start, len(new) - end)]
        steps = [("equal", 0, start, 0, start), *middle, ("equal", len(old) - end, len(old), len(new) - end, len(new))]
        return [step for step in steps if step[2] > step[1] or step[4] > step[3]]


def _lines(text: str | None) -> list[str]:
    """Lines with their ends: only a line feed is one."""
    if not text:
        return []
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _hunks(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Steps near each other, with a few equal lines around them."""
    hunk: list[Step] = []
    for number, step in enumerate(steps):
        what, a, a_end, b, b_end = step
        if what != "equal":
            hunk.append(step)
            continue
        after = min(CONTEXT, a_end - a) if hunk else 0
        before = min(CONTEXT, a_end - a) if number + 1 < len(steps) else 0
        if hunk and before and a_end - a <= 2 * CONTEXT:
            hunk.append(step)
            continue
        if hunk:
            yield [*hunk, ("equal", a, a + after, b, b + after)]
        hunk = [("equal", a_end - before, a_end, b_end - before, b_end)] if before else []
    if any(step[0] != "equal" for step in hunk):
        yield hunk


def _written(
    name: str, is_new: bool, is_gone: bool, old: Sequence[str], new: Sequence[str], steps: Sequence[Step]
) -> Iterator[str]:
    heading = f"--- {'/dev/null' if is_new else 'a/' + name}\n+++ {'/dev/null' if is_gone else 'b/' + name}\n"
    for hunk in _hunks(steps):
        yield heading
        heading = ""
        a, b = (hunk[0][1], hunk[-1][2]), (hunk[0][3], hunk[-1][4])
        yield f"@@ -{_range(*a)} +{_range(*b)} @@\n"
        for what, start, end, new_start, new_end in hunk:
            if what == "equal":
                yield from (_line(" ", line) for line in old[start:end])
                continue
            yield from (_line("-", line) for line in old[start:end])
            yield from (_line("+", line) for line in new[new_start:new_end])


def _line(mark: str, line: str) -> str:
    return mark + line if line.endswith("\n") else f"{mark}{line}\n\\ No newline at end of file\n"


def _range(start: int, end: int) -> str:
    count = end - start
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"
