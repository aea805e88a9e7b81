"""The one who reads a web page, in confinement: HTML in, readable text out.

Run as `python -I -S -c SOURCE`; the page is UTF-8 on standard input, and what is to be read goes out as JSON.
"""

from __future__ import annotations

import json
import re
import sys
from html.parser import HTMLParser

MOST_CHARACTERS = 400_000
UNREAD = frozenset({"script", "style", "noscript", "template", "svg", "math", "iframe", "object", "canvas"})
"""What nobody reads, with all that lies in it."""
BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "br", "dd", "div", "dl", "dt", "fieldset", "figcaption",
        "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p",
        "pre", "section", "table", "title", "tr", "ul",
    }
)  # fmt: skip
"""What begins on a line of its own."""
APART = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "p", "pre", "table", "ul", "ol", "title", "blockquote"})
"""What has an empty line before it."""


def main() -> None:
    """Read, and tell."""
    page = Page()
    page.feed(sys.stdin.buffer.read().decode("utf-8", "replace"))
    page.close()
    json.dump({"text": page.text()[:MOST_CHARACTERS].encode("utf-8", "replace").decode()}, sys.stdout)


class Page(HTMLParser):
    """Text with headings, lists and links; links as Markdown has them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._unread = ""
        self._depth = 0
        self._exact = 0
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Something begins."""
        if self._unread:
            self._depth += tag == self._unread
            return
        if tag in UNREAD:
            self._unread, self._depth = tag, 1
            return
        if tag in BLOCKS:
            self._parts.append("\n\n" if tag in APART else "\n")
        if tag == "pre":
            self._exact += 1
        elif tag == "li":
            self._parts.append("- ")
        elif tag in ("td", "th"):
            self._parts.append(" | ")
        elif len(tag) == 2 and tag[0] == "h" and tag[1] in "123456":
            self._parts.append("#" * int(tag[1]) + " ")
        elif tag == "img":
            text = (dict(attributes).get("alt") or "").strip()
            self._parts.append(f"[image: {text}]" if text else "")
        elif tag == "a":
            target = (dict(attributes).get("href") or "").strip()
            leads = bool(target) and not target.startswith(("#", "javascript:", "data:"))
            self._links.append(target if leads else "")
            self._parts.append("[" if leads else "")

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Something that holds nothing."""
        if tag not in UNREAD:
            self.handle_starttag(tag, attributes)
            if tag in ("a", "pre"):
                self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Something ends."""
        if self._unread:
            self._depth -= tag == self._unread
            if not self._depth:
                self._unread = ""
            return
        if tag == "a" and self._links:
            target = self._links.pop()
            self._parts.append(f"]({target})" if target else "")
        elif tag == "pre":
            self._exact = max(0, self._exact - 1)
        if tag in BLOCKS:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Words."""
        if not self._unread:
            self._parts.append(data if self._exact else re.sub(r"\s+", " ", data))

    def text(self) -> str:
        """All of it, with one empty line at most between two others."""
        lines = (
            line.strip() if not line.startswith("    ") else line.rstrip() for line in "".join(self._parts).split("\n")
        )
        kept: list[str] = []
        for line in lines:
            shown = line.removeprefix("| ")
            if shown or (kept and kept[-1]):
                kept.append(shown)
        return "\n".join(kept).strip()


if __name__ == "__main__":
    main()
