"""Pure: Markdown → lines for a width, block by block, so that what grows is drawn anew at its end only."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import ClassVar

from pygments import token
from pygments.lexer import Lexer
from pygments.lexers import TextLexer, get_lexer_by_name, get_lexer_for_filename
from pygments.style import Style as PygmentsStyle
from pygments.token import _TokenType
from pygments.util import ClassNotFound
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement
from rich.segment import Segment
from rich.style import Style
from rich.theme import Theme
from textual.color import Color
from textual.strip import Strip

from tektra_cli.chat.markdown import split_blocks
from tektra_cli.terminal import clean_line

CODE_LINES = 20
"""Of a code block that grows, so many lines are drawn for good at once."""
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})([^\n`]*)\n")


@dataclass(frozen=True)
class Look:
    """The colours that Markdown is drawn in."""

    text: str
    dim: str
    primary: str
    secondary: str
    accent: str
    string: str
    code: str
    """What code stands on."""


@dataclass(frozen=True)
class Block:
    """One piece of Markdown that nothing behind it changes; `goes_on`: it is more of the code before it."""

    source: str
    goes_on: bool = False


def look_of(colours: Mapping[str, str]) -> Look:
    """Taken from a theme's variables."""
    text, ground = Color.parse(colours["foreground"]), Color.parse(colours["background"])
    return Look(
        text=text.hex6,
        dim=text.blend(ground, 0.4).hex6,
        primary=Color.parse(colours["primary"]).hex6,
        secondary=Color.parse(colours["secondary"]).hex6,
        accent=Color.parse(colours["accent"]).hex6,
        string=Color.parse(colours["success"]).hex6,
        code=Color.parse(colours["panel"]).blend(ground, 0.4).hex6,
    )


def taken(tail: Block) -> list[Block]:
    """What is unfinished as blocks, of which all but the last are finished now."""
    *done, last = [replace(tail, source=source) for source in split_blocks(tail.source)] or [tail]
    blocks = [done[0], *(replace(block, goes_on=False) for block in done[1:])] if done else []
    last = replace(last, goes_on=False) if done else last
    return [*blocks, *_cut(last)]


def _cut(block: Block) -> list[Block]:
    """A code block that is long by now, in pieces: nobody wants all of it drawn for every word."""
    fence = _FENCE.match(block.source)
    if fence is None or block.source.count("\n") <= 2 * CODE_LINES:
        return [block]
    lines = block.source[fence.end() :].splitlines(keepends=True)
    opening, closing = fence[0], f"{fence[1]}\n"
    pieces = ["".join(lines[at : at + CODE_LINES]) for at in range(0, len(lines) - CODE_LINES, CODE_LINES)]
    rest = "".join(lines[len(pieces) * CODE_LINES :])
    cut = [Block(opening + piece + closing, block.goes_on or bool(at)) for at, piece in enumerate(pieces)]
    return [*cut, Block(opening + rest, goes_on=True)]


def lines_of(block: Block, width: int, look: Look) -> list[list[Segment]]:
    """A block as lines, none wider than `width`; nothing of it is obeyed, neither markup nor links."""
    if not block.source.strip():
        return []
    fence = _FENCE.match(block.source)
    if fence is not None:
        return code_lines(_body(block.source, fence), fence[2].strip(), width, look)[int(block.goes_on) :]
    console, elements = _pencil(look)
    drawing = elements(block.source, hyperlinks=False, style=Style(color=look.text))
    lines = console.render_lines(drawing, console.options.update(width=max(width, 8)), pad=False)
    while lines and not _is_seen(lines[0]):
        lines.pop(0)
    while lines and not _is_seen(lines[-1]):
        lines.pop()
    return lines


def code_lines(code: str, name: str, width: int, look: Look) -> list[list[Segment]]:
    """Code on its own ground, below the name of its language; long lines go on below."""
    ground, room = Style(bgcolor=look.code), max(width - 2, 8)
    lines: list[list[Segment]] = [[]]
    for kind, text in _lexer(name).get_tokens(code.rstrip().expandtabs(4)):
        style = _styles(look)(kind)
        for at, piece in enumerate(text.split("\n")):
            if at:
                lines.append([])
            if piece:
                lines[-1].append(Segment(piece, style))
    if not lines[-1]:
        lines.pop()
    label = [Segment(clean_line(name)[:room], Style(color=look.dim, bgcolor=look.code))]
    drawn: list[list[Segment]] = []
    for line in [label, *lines]:
        strip = Strip(line)
        cuts = [*range(room, strip.cell_length, room), max(strip.cell_length, 1)]
        for part in strip.divide(cuts):
            padded = part.adjust_cell_length(room, ground)
            drawn.append([Segment(" ", ground), *padded, Segment(" ", ground)])
    return drawn


@cache
def _lexer(name: str) -> Lexer:
    """By a language's name or a file's; what nobody knows is text."""
    words = name.split()
    for find in (get_lexer_by_name, get_lexer_for_filename):
        with contextlib.suppress(ClassNotFound):
            return find(words[0] if words else "text", stripnl=False)
    return TextLexer(stripnl=False)


@cache
def _styles(look: Look) -> Callable[[_TokenType], Style]:
    colours = _highlighting(look)

    @cache
    def style(kind: _TokenType) -> Style:
        found = colours.style_for_token(kind)
        colour = f"#{found['color']}" if found["color"] else look.text
        return Style(color=colour, bgcolor=look.code, bold=found["bold"] or None, italic=found["italic"] or None)

    return style


def _is_seen(line: list[Segment]) -> bool:
    return any(segment.text.strip() or (segment.style and segment.style.bgcolor) for segment in line)


def code_blocks(source: str) -> list[str]:
    """The text of each code block."""
    found = []
    for block in split_blocks(source):
        fence = _FENCE.match(block)
        if fence is not None:
            found.append(_body(block, fence))
    return found


def _body(block: str, fence: re.Match[str]) -> str:
    lines = block[fence.end() :].rstrip("\n").split("\n")
    last = lines[-1].strip()
    is_closed = last.startswith(fence[1]) and not last.strip(fence[1][0])
    return "\n".join(lines[:-1] if is_closed else lines)


def with_line_breaks(source: str) -> str:
    """Where a person began a new line there is one; code is as it was."""
    out: list[str] = []
    fence = ""
    for line in source.splitlines():
        mark = re.match(r" {0,3}(`{3,}|~{3,})", line)
        if mark is not None and (not fence or line.strip().startswith(fence)):
            fence = "" if fence else mark[1]
            out.append(line)
        else:
            out.append(line if fence or not line.strip() else line + "  ")
    return "\n".join(out)


@cache
def _pencil(look: Look) -> tuple[Console, type[Markdown]]:
    styles = {
        "markdown.paragraph": Style(),
        "markdown.text": Style(),
        "markdown.em": Style(italic=True),
        "markdown.strong": Style(bold=True),
        "markdown.code": Style(color=look.accent),
        "markdown.code_block": Style(),
        "markdown.block_quote": Style(color=look.dim),
        "markdown.list": Style(),
        "markdown.item": Style(),
        "markdown.item.bullet": Style(color=look.primary),
        "markdown.item.number": Style(color=look.primary),
        "markdown.hr": Style(color=look.dim),
        "markdown.h1": Style(color=look.primary, bold=True, underline=True),
        "markdown.h2": Style(color=look.primary, bold=True),
        "markdown.h3": Style(color=look.primary, bold=True),
        "markdown.h4": Style(bold=True),
        "markdown.h5": Style(bold=True),
        "markdown.h6": Style(italic=True),
        "markdown.link": Style(color=look.secondary, underline=True),
        "markdown.link_url": Style(color=look.dim),
        "markdown.table.border": Style(color=look.dim),
        "markdown.table.header": Style(color=look.primary, bold=True),
    }
    console = Console(
        file=None,
        force_terminal=True,
        color_system="truecolor",
        theme=Theme(styles),
        width=80,
        height=24,
        legacy_windows=False,
        highlight=False,
        no_color=False,
    )
    return console, _markdown(look)


def _markdown(look: Look) -> type[Markdown]:
    class LeftHeading(Heading):
        """A heading that stands where the text stands."""

        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            self.text.justify = "left"
            yield self.text

    class Code(CodeBlock):
        """Code on its own ground, under the name of its language."""

        def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
            for line in code_lines(str(self.text), self.lexer_name, options.max_width, look):
                yield from line
                yield Segment.line()

    class Drawn(Markdown):
        elements: ClassVar[dict[str, type[MarkdownElement]]] = {
            **Markdown.elements,
            "heading_open": LeftHeading,
            "fence": Code,
            "code_block": Code,
        }

    return Drawn


def _highlighting(look: Look) -> type[PygmentsStyle]:
    class Highlighting(PygmentsStyle):  # type: ignore[misc]
        background_color = look.code
        styles: ClassVar = {
            token.Token: look.text,
            token.Comment: f"italic {look.dim}",
            token.Keyword: look.primary,
            token.Operator: look.dim,
            token.Punctuation: look.dim,
            token.Operator.Word: look.primary,
            token.String: look.string,
            token.Number: look.accent,
            token.Name.Builtin: look.secondary,
            token.Name.Class: f"bold {look.secondary}",
            token.Name.Function: look.secondary,
            token.Name.Decorator: look.accent,
            token.Name.Tag: look.primary,
            token.Name.Attribute: look.secondary,
            token.Generic.Heading: f"bold {look.primary}",
            token.Generic.Deleted: look.accent,
            token.Generic.Inserted: look.string,
        }

    return Highlighting
