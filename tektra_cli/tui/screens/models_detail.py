"""One model: how it is in memory, what its header says, its chat template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from tektra_cli import model_words, wording
from tektra_cli.terminal import clean, clean_line
from tektra_cli.tui.screens.models_rows import Moment, share_of, state_words
from tektra_cli.tui.widgets.cells import DIM
from tektra_cli.tui.widgets.reading import Reading

Document = Mapping[str, Any]
Fact = tuple[str, str]
LABEL = 12
MOST_TEMPLATE = 20_000
"""Characters of a template that are shown."""


def in_memory(loaded: Document, now: datetime) -> list[Fact]:
    """A loaded model as names and values."""
    prompt, cached = loaded["prompt_tokens"], loaded["cached_tokens"]
    share = f" ({share_of(cached, prompt)})" if prompt else ""
    taken, promised = wording.size(loaded["resident_bytes"]), wording.size(loaded["promised_bytes"])
    return [
        ("answers", f"{loaded['running']} running, {loaded['waiting']} waiting, {loaded['answers']:,} done"),
        ("speed", f"{loaded['tokens_per_s']:,.1f} tokens/s" if loaded["tokens_per_s"] else "-"),
        ("prompts", f"{cached:,} of {prompt:,} tokens were known already{share}"),
        ("written", f"{loaded['completion_tokens']:,} tokens"),
        ("memory", f"{taken} of {promised} promised{wording.beside(loaded['offload'])}"),
        (
            "context",
            f"{loaded['context']:,} tokens, cells {loaded['kv_type']}, {wording.plural(loaded['slots'], 'slot')}",
        ),
        ("settings", model_words.in_force(loaded["settings"])),
        ("loaded", f"{wording.distance(loaded['loaded_at'], now)}, in {loaded['load_seconds']:.1f} s"),
        ("last used", wording.distance(loaded["last_used_at"], now)),
        ("leaves", model_words.expiry(loaded)),
    ]


def table(facts: Iterable[Fact], label: int = LABEL) -> Table:
    """Names and values, of which no character is obeyed."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(min_width=label, max_width=label, no_wrap=True, overflow="ellipsis")
    grid.add_column(overflow="fold")
    for name, value in facts:
        grid.add_row(Text(clean_line(name), "dim"), Text(clean_line(value) or "-"))
    return grid


class ModelDetail(Reading):
    """The model that is looked at, from top to bottom."""

    DEFAULT_CSS = """
    ModelDetail { padding: 0 1 }
    ModelDetail .section { color: $primary; text-style: bold; margin-top: 1; }
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._shown = ""

    def compose(self) -> ComposeResult:
        """Sections, each with its heading."""
        yield Static(id="title", markup=False)
        for name, heading in SECTIONS.items():
            yield Static(heading, id=f"{name}-heading", classes="section", markup=False)
            yield Static(id=name, markup=False)

    def live(self, model: Document, moment: Moment, now: datetime) -> None:
        """What may change every second; another model than before has no facts yet."""
        if model["name"] != self._shown:
            self._shown = model["name"]
            self._fill(dict.fromkeys(SECTIONS))
            self.scroll_home(animate=False)
        state, loaded = moment.state(model), moment.loaded.get(model["name"])
        words = state_words(state, now) or "not loaded"
        why = moment.broken.get(model["name"], "") if state.words == "failed" else ""
        self.query_one("#title", Static).update(
            Content.assemble(
                Content.styled(model["name"], "bold"),
                Content.styled(" default" if model["default"] else "", DIM),
                "  ",
                Content.styled(f"{state.sign} {words}", state.paint),
                Content.styled(f" {clean_line(why)}", DIM),
            )
        )
        self._fill({"memory": table(in_memory(loaded, now)) if loaded and loaded["state"] == "ready" else None})

    def tell(self, document: Document, now: datetime) -> None:
        """What its file says."""
        if document["model"]["name"] != self._shown:
            return
        facts = model_words.facts(document, lambda stamp: wording.distance(stamp, now))
        metadata: Sequence[Fact] = [(key, str(value)) for key, value in (document.get("metadata") or {}).items()]
        longest = min(36, max((len(key) for key, _ in metadata), default=0))
        template = document.get("chat_template")
        self._fill(
            {
                "facts": table(fact for fact in facts if fact[0] not in ("name", "state")),
                "header": table(metadata, longest) if metadata else None,
                "template": Content(clean(template[:MOST_TEMPLATE])) if template else None,
            }
        )

    def _fill(self, told: Mapping[str, Content | Table | None]) -> None:
        for name, content in told.items():
            heading, section = self.query_one(f"#{name}-heading", Static), self.query_one(f"#{name}", Static)
            heading.display = section.display = content is not None
            if content is not None:
                section.update(content)


SECTIONS = {"memory": "In memory", "facts": "On disk", "header": "Header", "template": "Chat template"}
