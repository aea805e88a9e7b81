"""All of one agent: what it is, its form as a file, what it was, what it noted."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static, TabbedContent, TabPane

from tektra_cli.terminal import clean, clean_line
from tektra_cli.tui.screens import agents_words
from tektra_cli.tui.screens.agents_notes import NoteList, Notes
from tektra_cli.tui.screens.agents_versions import ChangeTable, Versions
from tektra_cli.tui.screens.agents_words import FROM, Document, Who
from tektra_cli.tui.widgets.cells import DIM
from tektra_cli.tui.widgets.facts import Facts
from tektra_cli.tui.widgets.reading import Reading

PARTS = ("what", "file", "versions", "notes")


class Page(Reading):
    """A part that is only read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("v", "screen.part('versions')", "Versions"),
    ]


class AgentDetail(Widget):
    """Four parts; `part` says which one is looked at."""

    DEFAULT_CSS = """
    AgentDetail { background: $surface; layout: vertical; }
    AgentDetail TabbedContent { height: 1fr; }
    AgentDetail TabPane { padding: 0; }
    AgentDetail Page { padding: 0 2; }
    AgentDetail #about { height: auto; margin: 1 0 0 0; }
    AgentDetail #purpose { height: auto; color: $foreground 80%; margin-bottom: 1; }
    AgentDetail .heading { color: $foreground 60%; text-style: bold; margin: 1 0 0 0; height: auto; }
    AgentDetail #told, AgentDetail #text { height: auto; }
    AgentDetail #text { margin: 1 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "List"),
        Binding("left,h", "part(-1)", "The part before", show=False),
        Binding("right,l", "part(1)", "The next part", show=False),
    ]

    class Left(Message):
        """Back to the list."""

    class Turned(Message):
        """Another part is looked at."""

    def __init__(self) -> None:
        super().__init__()
        self.agent: Document | None = None

    def compose(self) -> ComposeResult:
        """What it is, as a file, what it was, what it noted."""
        with TabbedContent(initial="what"):
            with TabPane("What it is", id="what"), Page():
                yield Static(id="about", markup=False)
                yield Static(id="purpose", markup=False)
                yield Facts(id="facts")
                yield Static("INSTRUCTIONS", classes="heading", markup=False)
                yield Static(id="told", markup=False)
            with TabPane("As a file", id="file"), Page():
                yield Static(id="text", markup=False)
            with TabPane("Versions", id="versions"):
                yield Versions()
            with TabPane("Notes", id="notes"):
                yield Notes()

    @property
    def part(self) -> str:
        """The one that is looked at."""
        return self.query_one(TabbedContent).active

    @property
    def versions(self) -> Versions:
        """What it was."""
        return self.query_one(Versions)

    @property
    def notes(self) -> Notes:
        """What it noted."""
        return self.query_one(Notes)

    def show(self, agent: Document, now: datetime, who: Who) -> None:
        """What it is."""
        is_other = self.agent is None or self.agent["agent"]["name"] != agent["agent"]["name"]
        self.agent = agent
        said = agent["agent"]
        source = (f"  {FROM[agent['source']]}", DIM) if agent["source"] == "shipped" else ""
        self.query_one("#about", Static).update(Content.assemble((clean_line(said["name"]), "bold $primary"), source))
        self.query_one("#purpose", Static).update(Content(clean_line(said["description"]) or "No description."))
        self.query_one("#facts", Facts).tell(agents_words.facts(agent, now, who))
        told = Content(clean(said["instructions"])) if said["instructions"] else Content.styled("none", DIM)
        self.query_one("#told", Static).update(told)
        if is_other:
            for page in self.query(Page):
                page.scroll_home(animate=False)

    def show_file(self, text: str) -> None:
        """Its form as a file."""
        self.query_one("#text", Static).update(agents_words.as_file(text))

    def turn_to(self, part: str) -> None:
        """Look at a part, and let keys go there."""
        self.query_one(TabbedContent).active = part
        self.enter()

    def enter(self) -> None:
        """Let keys go to the part that is looked at."""
        if self.part == "versions":
            self.query_one(ChangeTable).focus()
        elif self.part == "notes":
            self.query_one(NoteList).focus()
        else:
            self.query_one(f"#{self.part} Page").focus()

    def action_leave(self) -> None:
        """Away from here."""
        self.post_message(self.Left())

    def action_part(self, by: int) -> None:
        """The one beside it."""
        self.turn_to(PARTS[(PARTS.index(self.part) + by) % len(PARTS)])

    def on_tabbed_content_tab_activated(self, event: TabbedContent.TabActivated) -> None:
        """Somebody turned."""
        event.stop()
        self.post_message(self.Turned())
