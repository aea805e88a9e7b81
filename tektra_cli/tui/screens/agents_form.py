"""The form in which an agent is made or changed: what is wrong with a field is said below it while it is typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Checkbox, Input, Label, Select, SelectionList, Static, TextArea
from textual.widgets.selection_list import Selection

from tektra_cli.columns import shortened
from tektra_cli.terminal import clean, clean_line
from tektra_cli.tui.screens import agents_fields, agents_words
from tektra_cli.tui.screens.agents_fields import FRESH, SWITCHES
from tektra_cli.tui.screens.agents_words import SHORT, Document
from tektra_cli.tui.widgets.cells import DIM
from tektra_cli.tui.widgets.checks import Tick, Ticks

LABELS = {
    "name": "name",
    "description": "description",
    "kind": "kind",
    "model": "model",
    "human": "human",
    "thinking": "thinking",
    "memory": "memory",
    "limits.steps": "steps",
    "limits.tokens": "tokens",
    "limits.seconds": "time",
    "limits.memory_bytes": "RAM",
    "limits.cpus": "processors",
    "limits.network": "hosts",
    "instructions": "instructions",
    "tools": "tools",
}
HINTS = {
    "name": "letters, digits, dots, dashes",
    "description": "what it is for, on one line",
    "limits.seconds": "90s, 10m, 1h",
    "limits.memory_bytes": "512m, 2g",
    "limits.network": "for fetch: example.org *.example.org",
}
LEFT = tuple(name for name in LABELS if name not in ("instructions", "tools"))
Choice = tuple[str, str]
"""A value, and what it means."""


def key(name: str) -> str:
    """The id of a field's widget."""
    return "field-" + name.replace(".", "-")


class Field(Widget):
    """A label, something to fill in, and what is wrong with it."""

    DEFAULT_CSS = """
    Field { height: auto; layout: grid; grid-size: 2; grid-columns: 14 1fr; grid-rows: auto; }
    Field > Label { color: $foreground 60%; width: 14; height: 1; }
    Field > .wrong { column-span: 2; height: auto; padding: 0 0 0 14; color: $error; display: none; }
    Field > .wrong.shown { display: block; }
    Field.tall { layout: vertical; }
    Field.tall > .wrong { padding: 0; }
    Field:focus-within > Label { color: $primary; text-style: bold; }
    """

    def __init__(self, name: str, *controls: Widget) -> None:
        super().__init__(id=key(name))
        self._label = LABELS[name]
        self._controls = controls

    def compose(self) -> ComposeResult:
        """In that order."""
        yield Label(self._label, markup=False)
        yield from self._controls
        yield Static(classes="wrong", markup=False)

    def say(self, wrong: str) -> None:
        """What is wrong, or nothing."""
        line = self.query_one(".wrong", Static)
        line.update(Content(f"↑ {clean(wrong)}" if wrong else ""))
        line.set_class(bool(wrong), "shown")
        self.set_class(bool(wrong), "is-wrong")


class AgentForm(VerticalScroll, can_focus=False):
    """One agent; nothing that was typed is lost before somebody says so."""

    DEFAULT_CSS = """
    AgentForm { background: $background; padding: 0 2; scrollbar-size-vertical: 1; }
    AgentForm #title { height: auto; color: $primary; text-style: bold; margin: 0 0 1 0; }
    AgentForm #banner { height: auto; padding: 0 1; margin: 0 0 1 0; background: $warning 20%; color: $foreground;
        display: none; border-left: thick $warning; }
    AgentForm #banner.shown { display: block; }
    AgentForm #columns { height: auto; layout: vertical; }
    AgentForm #columns > Vertical { height: auto; }
    AgentForm Input, AgentForm Checkbox { background: $surface; height: 1; padding: 0 1; }
    AgentForm Input:focus { background: $panel; }
    AgentForm Checkbox { padding: 0; background: $background; }
    AgentForm Select SelectCurrent { background: $surface; padding: 0 1; }
    AgentForm TextArea { height: 9; background: $surface; border: none; padding: 0 1; }
    AgentForm TextArea:focus { background: $panel; border: none; }
    AgentForm SelectionList { height: 9; background: $surface; border: none; padding: 0; }
    AgentForm SelectionList:focus { border: none; }
    AgentForm #field-instructions, AgentForm #field-tools { margin: 1 0 0 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", key_display="^s"),
        Binding("escape", "leave", "Leave"),
    ]

    @dataclass
    class Saved(Message):
        """Somebody is done; `was` is None for an agent that is new."""

        content: Mapping[str, Any]
        was: Document | None

    @dataclass
    class Left(Message):
        """Back to the list."""

        changed: bool

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._was: Document | None = None
        self._base: dict[str, str] = agents_fields.typed(FRESH)
        self._touched: set[str] = set()
        self._refused: dict[str, tuple[str, str]] = {}
        self._built_in: list[str] = []
        self._offered: list[str] = []
        self._filling = False

    def compose(self) -> ComposeResult:
        """Everything that an agent is; at the right what takes room."""
        yield Static(id="title", markup=False)
        yield Static(id="banner", markup=False)
        with Vertical(id="columns"):
            with Vertical(id="left"):
                for name in LEFT:
                    field = Field(name, self._control(name))
                    field.set_class(name in ("human", "limits.steps"), "spaced")
                    yield field
            with Vertical(id="right"):
                told = Field("instructions", TextArea(compact=True, placeholder="What it is told to do."))
                told.add_class("tall")
                yield told
                more = Input(placeholder="more: agent:NAME mcp:SERVER/TOOL file:NAME", compact=True, id="more")
                tools = Field("tools", Ticks(compact=True), more)
                tools.add_class("tall")
                yield tools

    def begin(
        self, agent: Mapping[str, Any], was: Document | None, models: Sequence[str], tools: Sequence[Choice], named: str
    ) -> None:
        """Fill it in; `was` is what is changed, None: it becomes a new one, which is `named` so."""
        self._was = was
        self._touched, self._refused = set(), {}
        self._built_in = [name for name, _ in tools if ":" not in name]
        self._offered = [name for name, _ in tools]
        self._offer(tools, models, str(agent["model"]))
        self._base = agents_fields.typed(agent)
        self._fill(self._base)
        if named:
            self._input("name").value = named
        self._input("name").disabled = was is not None
        self.tell("")
        self._title()
        self.scroll_home(animate=False)
        first = "description" if was is not None else "name"
        self._input(first).focus()

    def refuse(self, name: str, words: str) -> None:
        """The daemon does not take a field; or the whole, where it names none that is here."""
        known = name.partition("[")[0]
        known = known if known in LABELS else ""
        if not known:
            self.tell(words)
            return
        self._refused[known] = (self.said[known], words)
        self._touched.add(known)
        self._check()
        self._focus(known)

    def merge(self, theirs: Document, changed: Sequence[str]) -> None:
        """Somebody else changed the agent meanwhile: what was typed stays, and the rest is theirs."""
        fields = agents_fields.typed(theirs["agent"])
        mine, both = agents_fields.merged(self._base, self.said, fields)
        self._was, self._base = theirs, fields
        self._fill(mine)
        own = ", ".join(LABELS[name] for name in agents_fields.changed(fields, mine)) or "nothing"
        what = ", ".join(changed) or "nothing that you see here"
        words = (
            f"{clean_line(theirs['agent']['name'])} was changed meanwhile ({what}); it is at version "
            f"{theirs['version'][:SHORT]} now. What you typed stays: {own}. All else is as it is there. "
            "^s saves yours on top of it."
        )
        self.tell(words)
        for name in both:
            was = shortened(fields[name].replace("\n", " ⏎ "), 60)
            self._refused[name] = (mine[name], f"it was changed there too, to: {was or 'nothing'}")
            self._touched.add(name)
        self._check()

    def lost(self) -> None:
        """Somebody removed the agent meanwhile."""
        self._was = None
        self._base = agents_fields.typed(FRESH)
        self.tell("This agent was removed meanwhile. What you typed is still here: ^s makes an agent of it again.")

    def tell(self, words: str) -> None:
        """Something about the whole of it."""
        banner = self.query_one("#banner", Static)
        banner.update(Content(clean(words)))
        banner.set_class(bool(words), "shown")
        if words:
            self.scroll_home(animate=False)

    @property
    def said(self) -> dict[str, str]:
        """What stands in the fields."""
        return {name: self._read(name) for name in LABELS}

    @property
    def is_changed(self) -> bool:
        """Whether anything was typed that would be lost."""
        return bool(agents_fields.changed(self._base, self.said))

    def action_save(self) -> None:
        """Hand it over, where all of it can be taken; else to the first field that cannot."""
        self._touched = set(LABELS)
        self._refused = {}
        wrong = self._check()
        if wrong:
            self._focus(next(name for name in LABELS if name in wrong))
            return
        said = self.said
        content = said if self._was is None else agents_fields.changed(self._base, said)
        self.post_message(self.Saved(agents_fields.content(content), self._was))

    def action_leave(self) -> None:
        """Away from here."""
        self.post_message(self.Left(self.is_changed))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Check it."""
        self._typed(event.input)

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Check it."""
        self._typed(event.text_area)

    def on_select_changed(self, event: Select.Changed) -> None:
        """Check it."""
        self._typed(event.select)

    def on_checkbox_changed(self, event: Checkbox.Changed) -> None:
        """Check it."""
        self._typed(event.checkbox)

    def on_selection_list_selected_changed(self, event: SelectionList.SelectedChanged[str]) -> None:
        """Check it."""
        self._typed(event.selection_list)

    def _typed(self, control: Widget) -> None:
        field = next(each for each in control.ancestors if isinstance(each, Field))
        name = next(name for name in LABELS if key(name) == field.id)
        if self.said[name] != self._base.get(name):
            self._touched.add(name)
        self._check()
        self._title()

    def _check(self) -> dict[str, str]:
        """Say what is wrong with what was touched."""
        said = self.said
        wrong = agents_fields.wrong(said, self._built_in)
        for name, (text, words) in self._refused.items():
            if said[name] == text:
                wrong.setdefault(name, words)
        for name in LABELS:
            self._field(name).say(wrong.get(name, "") if name in self._touched else "")
        return {name: words for name, words in wrong.items() if name not in self._refused}

    def _title(self) -> None:
        if self._was is None:
            title = Content("A new agent")
        else:
            known = self._was["agent"]["name"]
            parts = [
                Content(clean_line(known)),
                Content.styled(f"  version {self._was['version'][:SHORT]}", "not bold"),
            ]
            if self._was["source"] == "shipped":
                parts.append(
                    Content.styled("  comes with Tektra: saving makes a copy of your own", "$warning not bold")
                )
            title = Content.assemble(*parts)
        mark = Content.styled("  ● not saved", "$warning not bold") if self.is_changed else Content()
        self.query_one("#title", Static).update(title + mark)

    def _control(self, name: str) -> Widget:
        if name in SWITCHES:
            words = {"memory": "keeps notes from one run to the next", "thinking": "thinks before it answers"}
            return Tick(words[name], compact=True)
        if name in ("kind", "human"):
            choices = agents_words.KINDS if name == "kind" else agents_words.HUMAN
            options = [(f"{value}: {meaning}", value) for value, meaning in choices.items()]
            return Select(options, allow_blank=False, compact=True)
        if name == "model":
            return Select([("the default one", "")], allow_blank=False, compact=True)
        return Input(placeholder=HINTS.get(name, ""), compact=True, select_on_focus=False)

    def _offer(self, tools: Sequence[Choice], models: Sequence[str], model: str) -> None:
        """What can be picked; also a model that is not here, where the agent has it."""
        known = [("the default one", ""), *((clean_line(name), name) for name in models)]
        if model and model not in models:
            known.append((f"{clean_line(model)} (not here)", model))
        select = self._field("model").query_one(Select)
        with self.prevent(Select.Changed):
            select.set_options(known)
        picker = self._field("tools").query_one(SelectionList)
        wide = min(28, max((len(name) for name, _ in tools), default=0))
        with self.prevent(SelectionList.SelectedChanged):
            picker.clear_options()
            picker.add_options(
                Selection(
                    Content.assemble(clean_line(name).ljust(wide), ("  " + clean_line(meaning), DIM)),
                    name,
                )
                for name, meaning in tools
            )
            picker.highlighted = 0

    def _fill(self, said: Mapping[str, str]) -> None:
        with self.prevent(
            Input.Changed, TextArea.Changed, Select.Changed, Checkbox.Changed, SelectionList.SelectedChanged
        ):
            for name, text in said.items():
                self._write(name, text)
        self._check()
        self._title()

    def _write(self, name: str, text: str) -> None:
        field = self._field(name)
        if name == "instructions":
            field.query_one(TextArea).text = text
        elif name == "tools":
            tools = text.split()
            picker = field.query_one(SelectionList)
            picker.deselect_all()
            for tool in tools:
                if tool in self._offered:
                    picker.select(tool)
            field.query_one(Input).value = " ".join(tool for tool in tools if tool not in self._offered)
        elif name in SWITCHES:
            field.query_one(Checkbox).value = text == "on"
        elif name in ("kind", "human", "model"):
            field.query_one(Select).value = text
        else:
            field.query_one(Input).value = text

    def _read(self, name: str) -> str:
        field = self._field(name)
        if name == "instructions":
            return field.query_one(TextArea).text
        if name == "tools":
            picked = [str(tool) for tool in field.query_one(SelectionList).selected]
            typed = field.query_one(Input).value.split()
            there = [tool for tool in self._base["tools"].split() if tool in picked or tool in typed]
            new = [tool for tool in self._offered if tool in picked and tool not in there]
            rest = list(typed)
            for tool in there:
                if tool in rest:
                    rest.remove(tool)
            return " ".join([*there, *new, *rest])
        if name in SWITCHES:
            return "on" if field.query_one(Checkbox).value else "off"
        if name in ("kind", "human", "model"):
            return str(field.query_one(Select).value)
        return field.query_one(Input).value

    def _focus(self, name: str) -> None:
        control = next(iter(self._field(name).query("Input, TextArea, Select, SelectionList, Checkbox")))
        control.focus()

    def _input(self, name: str) -> Input:
        return self._field(name).query_one(Input)

    def _field(self, name: str) -> Field:
        return self.query_one(f"#{key(name)}", Field)
