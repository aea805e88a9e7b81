"""Markdown that grows looks at every moment as if all of it had been there at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tektra_cli.tui.growing_markdown import GrowingMarkdown, Line
from tektra_cli.tui.markdown_lines import Look

LOOK = Look(*(f"#{shade:02x}{shade:02x}{shade:02x}" for shade in range(40, 250, 30)))
DOCUMENT = f"""# A heading

Words that are **bold**, *slanted* and `code`, on
two lines.

- one
- two
  - three

```python
{"".join(f"print({number})" + chr(10) for number in range(90))}```

| a | b |
|---|---|
| 1 | 2 |

> quoted

Last words."""


def words(lines: list[Line]) -> list[str]:
    return ["".join(segment.text for segment in line).rstrip() for line in lines]


@given(st.lists(st.integers(0, len(DOCUMENT)), max_size=40), st.integers(20, 100))
def test_in_pieces_it_ends_as_at_once(cuts: list[int], width: int) -> None:
    growing = GrowingMarkdown()
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), len(DOCUMENT)], strict=True):
        growing.append(DOCUMENT[start:end])
        growing.lines(width, LOOK)
    assert words(growing.lines(width, LOOK)) == words(GrowingMarkdown(DOCUMENT).lines(width, LOOK))
    assert growing.source == DOCUMENT


def test_what_is_finished_is_not_drawn_again() -> None:
    growing = GrowingMarkdown("first\n\nsecond")
    first = growing.lines(40, LOOK)[0]
    growing.append(" and more\n\nthird")
    lines = growing.lines(40, LOOK)
    assert lines[0] is first
    assert words(lines) == ["first", "", "second and more", "", "third"]


def test_another_width_is_other_lines() -> None:
    growing = GrowingMarkdown("some words that are long")
    assert len(growing.lines(40, LOOK)) == 1
    assert len(growing.lines(12, LOOK)) == 3


def test_another_text_takes_the_place_of_the_first() -> None:
    growing = GrowingMarkdown("```\nnever closed")
    growing.lines(40, LOOK)
    growing.update("words")
    assert words(growing.lines(40, LOOK)) == ["words"]
