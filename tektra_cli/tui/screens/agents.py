"""Agents: who works here; made, changed, compared with what they were, and sent to work."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import ContentSwitcher, Input, Static

from tektra_cli.terminal import clean_line
from tektra_cli.tui.feed import Event
from tektra_cli.tui.gateway import address
from tektra_cli.tui.place import Place
from tektra_cli.tui.screens import agents_editing, agents_words
from tektra_cli.tui.screens.agents_detail import AgentDetail
from tektra_cli.tui.screens.agents_fields import FRESH
from tektra_cli.tui.screens.agents_files import exported, imported
from tektra_cli.tui.screens.agents_form import AgentForm
from tektra_cli.tui.screens.agents_list import AgentList
from tektra_cli.tui.screens.agents_versions import Versions
from tektra_cli.tui.screens.agents_words import SHORT, Document
from tektra_cli.tui.widgets import new_run
from tektra_cli.tui.widgets.confirm import Confirm

CHANGING = ("agent.", "note.")
"""Kinds of entries after which something is otherwise here."""
PAGE = 1000
"""Changes of one agent that are read: what the daemon gives in one answer."""


class Agents(Place):
    """The list, one agent at its side, and a form in the place of both."""

    NAME = "agents"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012  as Textual declares it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (50, "-tall")]  # noqa: RUF012  as Textual declares it
    DEFAULT_CSS = """
    Agents #browse, Agents ContentSwitcher { height: 1fr; }
    Agents #list { width: 2fr; }
    Agents #find { display: none; height: 1; background: $surface; padding: 0 1; }
    Agents #find.shown { display: block; }
    Agents AgentDetail { width: 3fr; border-left: solid $border; }
    Agents.-narrow AgentDetail { display: none; border-left: none; }
    Agents.-narrow.opened #list { display: none; }
    Agents.-narrow.opened AgentDetail { display: block; width: 1fr; }
    Agents #none { display: none; }
    Agents.is-empty #none { display: block; }
    Agents.-wide AgentForm #columns { layout: horizontal; }
    Agents.-wide AgentForm #columns > Vertical { width: 1fr; }
    Agents.-wide AgentForm #right { padding: 0 0 0 3; }
    Agents.-wide AgentForm #field-instructions { margin: 0; }
    Agents.-wide AgentForm TextArea { height: 13; }
    Agents.-wide AgentForm SelectionList { height: 13; }
    Agents.-wide.-tall AgentForm TextArea { height: 22; }
    Agents.-wide.-tall AgentForm SelectionList { height: 22; }
    Agents.-wide AgentForm .spaced { margin-top: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New", show=False),
        Binding("e", "edit", "Edit"),
        Binding("r", "run", "Run"),
        Binding("c", "copy", "Copy", show=False),
        Binding("d,delete", "remove", "Remove", show=False),
        Binding("u", "undo", "Undo the removal", show=False),
        Binding("v", "part('versions')", "Versions", show=False),
        Binding("f", "part('file')", "File", show=False),
        Binding("w", "part('what')", "What it is", show=False),
        Binding("m", "part('notes')", "Notes", show=False),
        Binding("x", "export", "Export", show=False),
        Binding("i", "import", "Import", show=False),
        Binding("slash", "find", "Find", key_display="/", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.known: Sequence[Document] = ()
        self._gone: tuple[str, str] | None = None
        """Name and version of what was removed last."""

    def body(self) -> ComposeResult:
        """Browsing, and the form."""
        with ContentSwitcher(initial="browse"):
            with Horizontal(id="browse"):
                with Vertical(id="list"):
                    yield Input(placeholder="find by name, tool, model", compact=True, id="find")
                    yield AgentList()
                    yield Static(id="none", classes="empty", markup=False)
                yield AgentDetail()
            yield AgentForm(id="form")

    def on_mount(self) -> None:
        """The list is what keys go to."""
        super().on_mount()
        self._list.focus()

    async def reload(self) -> None:
        """The list, and all that is shown of one of it."""
        self.known = (await self.gateway.get(address("agents")))["agents"]
        self._draw()
        await self._load_part()

    def heard(self, events: Sequence[Event]) -> None:
        """An agent was made, changed or removed, or noted something, by whomever."""
        if self.is_current and any(
            event["type"] == "entry" and event["data"]["kind"].startswith(CHANGING) for event in events
        ):
            self.renew()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The form has keys of its own."""
        own = ("new", "edit", "run", "copy", "remove", "undo", "part", "export", "import", "find")
        return action not in own or self.query_one(ContentSwitcher).current == "browse"

    @property
    def browser(self) -> str | None:
        """What is there: "browse" or "form"."""
        return self.query_one(ContentSwitcher).current

    # What the widgets tell.

    def on_agent_list_looked(self, message: AgentList.Looked) -> None:
        """Show that one."""
        found = self._found(message.name)
        if found is not None:
            self._detail.show(found, self.dashboard.now(), self.dashboard.who)
            self.attempt(self._load_part, group="part", exclusive=True)

    def on_agent_list_opened(self, message: AgentList.Opened) -> None:
        """All of it."""
        self.add_class("opened")
        self._detail.enter()

    def on_agent_detail_left(self) -> None:
        """Back to the list."""
        self.remove_class("opened")
        self._list.focus()

    def on_agent_detail_turned(self) -> None:
        """Another part."""
        self.attempt(self._load_part, group="part", exclusive=True)

    def on_versions_compared(self, message: Versions.Compared) -> None:
        """Two versions."""
        self.attempt(partial(self._compare, message.before, message.after), group="diff", exclusive=True)

    def on_agent_form_saved(self, message: AgentForm.Saved) -> None:
        """Hand it to the daemon."""
        self.attempt(partial(self._save, message.content, message.was), group="save")

    def on_agent_form_left(self, message: AgentForm.Left) -> None:
        """Ask, where something would be lost."""
        self.attempt(partial(self._leave, has_changes=message.changed))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Only those that hold the words."""
        if event.input.id == "find":
            self._draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on in the list."""
        if event.input.id == "find":
            self._list.focus()

    def on_key(self, event: Any) -> None:
        """Escape leaves the search, and shows all again."""
        find = self.query_one("#find", Input)
        if event.key == "escape" and find.has_class("shown") and (find.has_focus or self._list.has_focus):
            event.stop()
            find.value = ""
            find.remove_class("shown")
            self._list.focus()

    # What keys do.

    def action_find(self) -> None:
        """Type words."""
        find = self.query_one("#find", Input)
        find.add_class("shown")
        find.focus()

    def action_part(self, part: str) -> None:
        """Look at a part of an agent."""
        if self._chosen is not None:
            self.add_class("opened")
            self._detail.turn_to(part)

    def action_mark(self) -> None:
        """Compare with this version."""
        self._detail.versions.mark()

    def action_forget(self) -> None:
        """Ask whether a note is to be taken away."""
        found, note = self._chosen, self._detail.notes.chosen
        if found is not None and note is not None:
            self.attempt(partial(self._forget, found["agent"]["name"], note), group="save")

    def action_new(self) -> None:
        """An agent of which nothing was said yet."""
        self.attempt(partial(agents_editing.begun, self, FRESH, None), group="form", exclusive=True)

    def action_copy(self) -> None:
        """A new one that begins as this one is."""
        found = self._chosen
        if found is not None:
            named = _free(found["agent"]["name"], {each["agent"]["name"] for each in self.known})
            begun = partial(agents_editing.begun, self, found["agent"] | {"name": ""}, None, named)
            self.attempt(begun, group="form", exclusive=True)

    def action_edit(self) -> None:
        """Change it; what is changed is what the daemon has now."""
        if self._chosen is not None:
            self.attempt(partial(self._edit, self._chosen["agent"]["name"]), group="form", exclusive=True)

    def action_remove(self) -> None:
        """Ask."""
        found = self._chosen
        if found is None:
            return
        if found["source"] == "shipped":
            title = f"{clean_line(found['agent']['name'])} comes with Tektra"
            self.notify("Edit it, and a copy of your own goes before it.", title=title, markup=False)
        else:
            self.attempt(partial(self._remove, found), group="save")

    def action_undo(self) -> None:
        """Bring back what was removed last."""
        if self._gone is None:
            self.notify("Nothing was removed here.", markup=False)
        else:
            self.attempt(partial(self._roll_back, *self._gone, None), group="save")

    def action_bring_back(self) -> None:
        """Ask whether an earlier version is to be the current one."""
        found, change = self._chosen, self._detail.versions.chosen
        if found is None or change is None:
            return
        if change["version"] == found["version"]:
            self.notify("This version is the current one.", markup=False)
        else:
            self.attempt(partial(self._bring_back, found, str(change["version"])), group="save")

    def action_run(self) -> None:
        """Ask what to do, and where."""
        if self._chosen is not None:
            self.attempt(partial(self._run, self._chosen["agent"]["name"]))

    def action_export(self) -> None:
        """Ask where to."""
        if self._chosen is not None:
            self.attempt(partial(exported, self, self._chosen["agent"]["name"]), group="save")

    def action_import(self) -> None:
        """Ask from where."""
        self.attempt(self._import, group="save")

    # What is asked of the daemon.

    async def _load_part(self) -> None:
        """What is shown of an agent beyond what the list knows."""
        found, part = self._chosen, self._detail.part
        if found is None or not (self.has_class("opened") or not self.has_class("-narrow")):
            return
        name = found["agent"]["name"]
        if part == "file":
            self._detail.show_file((await self.gateway.get(address("agents", name)))["file"])
        elif part == "versions":
            history = await self.gateway.get(address("agents", name, "versions"), {"limit": PAGE})
            self._detail.versions.show(name, history["changes"], self.dashboard.now(), self.dashboard.who)
        elif part == "notes":
            noted = await self.gateway.get(address("agents", name, "notes"))
            self._detail.notes.show(noted, self.dashboard.now())

    async def _compare(self, before: str | None, after: str) -> None:
        if self._chosen is None:
            return
        path = partial(address, "agents", self._chosen["agent"]["name"], "versions")
        now = await self.gateway.get(path(after))
        if before is None:
            self._detail.versions.tell(agents_words.as_file(now["file"]))
        else:
            self._detail.versions.tell(agents_words.differing(await self.gateway.get(path(before)), now))

    async def _edit(self, name: str) -> None:
        known = await self.gateway.get(address("agents", name))
        await agents_editing.begun(self, known["agent"], known)

    async def _save(self, content: Mapping[str, Any], was: Document | None) -> None:
        done = await agents_editing.saved(self, self._form, content, was)
        if done is not None:
            self._browse()
            await self._arrived(done, was)

    async def _leave(self, *, has_changes: bool) -> None:
        question = Confirm("Leave without saving?", "What you typed is lost then.", "Leave")
        if has_changes and not await self.app.push_screen_wait(question):
            return
        self._browse()

    async def _arrived(self, done: Document, was: Document | None) -> None:
        """An agent was made or changed here: say so, and show it."""
        title, words = agents_editing.outcome(done, was)
        self.notify(words, title=title, markup=False)
        self._list.go_to(done["agent"]["name"])
        await self.reload()

    async def _remove(self, found: Document) -> None:
        name = found["agent"]["name"]
        lost = "Nobody can run it any more. Its versions stay: u brings it back, now or later from its history."
        if not await self.app.push_screen_wait(Confirm(f"Remove the agent {name}?", lost, "Remove")):
            return
        gone = await self.gateway.delete(address("agents", name), {"was": found["version"]})
        self._gone = (name, gone["version"])
        again = " The one that comes with Tektra is there again." if gone["shipped"] else ""
        self.notify(f"u brings it back.{again}", title=f"Removed {clean_line(name)}", markup=False)
        self.remove_class("opened")
        self._list.focus()
        await self.reload()

    async def _forget(self, name: str, note: Document) -> None:
        question = Confirm(f"Forget this note of {name}?", note["text"], "Forget")
        if await self.app.push_screen_wait(question):
            await self.gateway.post(address("agents", name, "notes", "forget"), {"ids": [note["id"]]})
            await self._load_part()

    async def _bring_back(self, found: Document, version: str) -> None:
        name = found["agent"]["name"]
        lost = f"The current one, {found['version'][:SHORT]}, stays among its versions."
        question = Confirm(f"Make {version[:SHORT]} the current version of {name}?", lost, "Bring back")
        if await self.app.push_screen_wait(question):
            await self._roll_back(name, version, found["version"] if found["source"] == "own" else None)

    async def _roll_back(self, name: str, version: str, was: str | None) -> None:
        done = await self.gateway.post(address("agents", name, "rollback"), {"version": version, "was": was})
        self._gone = None
        self.notify("", title=f"{clean_line(name)} is at version {done['version'][:SHORT]}", markup=False)
        self._list.go_to(name)
        await self.reload()

    async def _run(self, name: str) -> None:
        run = await new_run.begun(self, name)
        if run is not None:
            self.dashboard.visit("runs", run["id"])

    async def _import(self) -> None:
        made = await imported(self)
        if made is not None:
            await self._arrived(*made)

    # What is drawn.

    @property
    def _list(self) -> AgentList:
        return self.query_one(AgentList)

    @property
    def _detail(self) -> AgentDetail:
        return self.query_one(AgentDetail)

    @property
    def _form(self) -> AgentForm:
        return self.query_one(AgentForm)

    @property
    def _chosen(self) -> Document | None:
        name = self._list.chosen
        return None if name is None else self._found(name)

    def _found(self, name: str) -> Document | None:
        return next((each for each in self.known if each["agent"]["name"] == name), None)

    def _draw(self) -> None:
        words = self.query_one("#find", Input).value
        found = [each for each in self.known if agents_words.matches(each, words)]
        self._list.show(found)
        self.set_class(not found, "is-empty")
        if not found:
            self.query_one("#none", Static).update(
                Content.assemble(
                    "No agent is like that.  ", ("esc", "$accent"), " shows all,  ", ("n", "$accent"), " makes one."
                )
            )
        elif self._chosen is not None:
            self._detail.show(self._chosen, self.dashboard.now(), self.dashboard.who)

    def to_form(self) -> AgentForm:
        """The form takes the place of the list."""
        self.query_one(ContentSwitcher).current = "form"
        self.refresh_bindings()
        return self._form

    def _browse(self) -> None:
        self.query_one(ContentSwitcher).current = "browse"
        self.refresh_bindings()
        if self.has_class("opened"):
            self._detail.enter()
        else:
            self._list.focus()


def _free(name: str, taken: set[str]) -> str:
    """A name for a copy."""
    names = [f"{name[:56]}-copy", *(f"{name[:56]}-copy-{number}" for number in range(2, 1000))]
    return next(each for each in names if each not in taken)
