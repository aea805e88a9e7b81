"""System: how the daemon is and what it was told; users, permissions, logs, and why something is allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Input, Static, TabbedContent, TabPane, Tabs

from tektra_cli import wording
from tektra_cli.checks import Check
from tektra_cli.errors import CliError
from tektra_cli.tui.feed import Event
from tektra_cli.tui.gateway import address
from tektra_cli.tui.place import Place
from tektra_cli.tui.screens import system_words as words
from tektra_cli.tui.screens.system_dialogs import UserForm
from tektra_cli.tui.screens.system_happening import HAPPENED, Happening
from tektra_cli.tui.screens.system_listing import Listing
from tektra_cli.tui.screens.system_logs import MOST, Logs
from tektra_cli.tui.screens.system_why import Why
from tektra_cli.tui.screens.system_words import Document
from tektra_cli.tui.widgets.code import posted
from tektra_cli.tui.widgets.confirm import Confirm

AGAIN_S = 2.0
SETTLE_S = 0.2
"""What happens in quick succession is read at once."""
TAIL_S = 0.5
ALERTS = 200
TABS = {
    "health": "Health", "doctor": "Doctor", "settings": "Settings", "logs": "Logs", "alerts": "Alerts",
    "users": "Users", "grants": "Grants", "rules": "Rules", "why": "Why",
}  # fmt: skip
OF = {
    "again": ("doctor",), "level": ("logs",), "filter": ("logs",), "add": ("users",), "role": ("users",),
    "remove": ("users",), "revoke": ("grants",), "all": ("grants",),
}  # fmt: skip
"""Where a key means something."""


TOLD_OF = {"health": ("model.", "daemon.", "run.", "alert", "ask."), "alerts": ("alert",)}
"""Events that a tab tells of."""


class Pane(TabPane):
    """A tab's pane."""

    def on_tab_pane_focused(self, event: TabPane.Focused) -> None:
        """Keep it from being entered for that: somebody who goes on quickly has left it already."""
        event.stop()


class System(Place):
    """One tab for each thing; only the one that is looked at is read."""

    NAME = "system"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (160, "-wide")]  # noqa: RUF012  as Textual declares it
    DEFAULT_CSS = """
    System TabbedContent { height: 1fr; }
    System TabPane { padding: 0; height: 1fr; }
    System ContentTabs { height: 2; }
    System ContentTab { padding: 0 1; }
    System #health VerticalScroll { height: auto; max-height: 100%; }
    System #facts { padding: 1 2; width: auto; }
    System Happening { padding: 0 2; }
    System.-wide #health { layout: horizontal; }
    System.-wide #health VerticalScroll { width: auto; max-width: 50%; height: 1fr; }
    System.-wide Happening { padding: 1 2; }
    System #note { height: auto; padding: 0 1; display: none; }
    System #note.-said { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right_square_bracket", "tab(1)", "Next", key_display="[ ]"),
        Binding("left_square_bracket", "tab(-1)", "Before", show=False),
        Binding("w", "why", "Why?"),
        Binding("r", "again", "Check again"),
        Binding("l", "level", "Level"),
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("a", "add", "Add"),
        Binding("e", "role", "Role"),
        Binding("delete,x", "remove", "Remove", key_display="x"),
        Binding("delete,x", "revoke", "Revoke", key_display="x"),
        Binding("t", "all", "Ended too"),
        Binding("escape", "back", "Back to the list", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._checked = False
        self._checks: dict[str, Check] = {}
        self._with_ended = False
        self._log: Path | None = None
        self._position = 0
        self._users: dict[str, Document] = {}
        self._grants: dict[str, Document] = {}
        self._rules: list[Document] = []

    def body(self) -> ComposeResult:
        """The tabs."""
        with TabbedContent(initial="health", id="tabs"):
            with Pane(TABS["health"], id="health"):
                with VerticalScroll():
                    yield Static(id="facts", markup=False)
                yield Happening(self.dashboard.who)
            with Pane(TABS["doctor"], id="doctor"):
                yield Listing("", "Check", "Found", empty="Looking at this installation…", id="checks")
            with Pane(TABS["settings"], id="settings"):
                yield Listing("Setting", "Value", "From", empty="", id="set")
            with Pane(TABS["logs"], id="logs"):
                yield Logs()
            with Pane(TABS["alerts"], id="alerts"):
                yield Listing("When", "What", "Who", "About", empty="", id="events")
            with Pane(TABS["users"], id="users"):
                yield Static(id="note", classes="dim", markup=False)
                yield Listing("Name", "Uid", "Role", "Added", "By", empty="", id="people")
            with Pane(TABS["grants"], id="grants"):
                yield Listing("Grant", "Action", "Who", "Expires", "Resource", empty="", id="granted")
            with Pane(TABS["rules"], id="rules"):
                yield Listing("Rule", "Name", "Why", empty="", id="ruled")
            with Pane(TABS["why"], id="why"):
                yield Why()

    def on_mount(self) -> None:
        """Look again now and then."""
        super().on_mount()
        self.set_interval(AGAIN_S, self._look)
        self.set_interval(TAIL_S, self._tail)

    @property
    def tab(self) -> str:
        """Which tab is looked at."""
        return self.query_one(TabbedContent).active or "health"

    async def reload(self) -> None:
        """What the tab shows."""
        await getattr(self, f"_read_{self.tab}")()

    def heard(self, events: Sequence[Event]) -> None:
        """What the tab tells of has changed."""
        about = TOLD_OF.get(self.tab, ())
        if any(event["type"].startswith(about) for event in events if about):
            self.renew_soon(SETTLE_S)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that mean something in this tab."""
        return action not in OF or self.tab in OF[action]

    def on_tabbed_content_tab_activated(self, event: TabbedContent.TabActivated) -> None:
        """Another tab: its keys, its things."""
        if event.pane.id == self.tab:
            self.refresh_bindings()
            self.action_back()
            self.renew()

    def action_tab(self, step: int) -> None:
        """The tab beside this one."""
        names = list(TABS)
        self.query_one(TabbedContent).active = names[(names.index(self.tab) + step) % len(names)]

    def action_why(self) -> None:
        """Ask about a permission."""
        self.query_one(TabbedContent).active = "why"

    def action_back(self) -> None:
        """To what the tab is about; from a form to the tabs."""
        if self.tab == "why" and isinstance(self.focused, Input):
            self.query_one(Tabs).focus()
        else:
            self._main().focus()

    def _user_name(self, uid: int) -> str | None:
        return self.dashboard.machine.name(uid)

    def _main(self) -> Widget:
        pane = self.query_one(f"#{self.tab}", TabPane)
        if self.tab == "logs":
            return pane.query_one(Logs).lines
        if self.tab == "why":
            return pane.query(Input).first()
        listing = pane.query(Listing)
        return listing.first().table if listing else pane.query_one(VerticalScroll)

    def _look(self) -> None:
        if self.is_current and self.tab == "health" and self.dashboard.standing == "live":
            self.renew()

    # Health

    async def _read_health(self) -> None:
        paths = ("/api/status", "/api/ps", "/api/sandbox")
        status, memory, sandbox, happened = await asyncio.gather(
            *map(self.gateway.get, paths), self.gateway.get("/api/events/latest", HAPPENED)
        )
        facts = words.health(status, memory, sandbox)
        self.query_one("#facts", Static).update(words.facts_text(facts, self.app.theme_variables))
        self.query_one(Happening).show(happened["events"])

    # Doctor

    async def _read_doctor(self) -> None:
        if not self._checked:
            self._checked = True
            self.attempt(self._check, group="doctor", exclusive=True)

    def action_again(self) -> None:
        """Look at everything anew."""
        self.attempt(self._check, group="doctor", exclusive=True)

    async def _check(self) -> None:
        found: set[str] = set()
        listing = self.query_one("#checks", Listing)
        checks = await asyncio.to_thread(self.dashboard.machine.checks)
        while (check := await asyncio.to_thread(next, checks, None)) is not None:
            found.add(check.name)
            self._checks[check.name] = check
            listing.show([words.check_row(each) for each in self._checks.values()])
        self._checks = {name: check for name, check in self._checks.items() if name in found}
        listing.show([words.check_row(each) for each in self._checks.values()])

    # Settings

    async def _read_settings(self) -> None:
        files = await asyncio.to_thread(self.dashboard.machine.settings_files)
        listing = self.query_one("#set", Listing)
        empty = f"Everything is as it comes. Settings go into {files[0].path} (docs/configuration.md lists them)."
        rows = words.settings_rows(await self._in_force(), files)
        rows += [
            words.Row(str(f.path), ((str(f.path), "error"), ("", ""), (f.problem, "error"))) for f in files if f.problem
        ]
        listing.show(rows, empty)

    async def _in_force(self) -> Document | None:
        """What the daemon wrote down when it started; None for those who may not read it."""
        try:
            entries = (await self.gateway.get("/api/audit", {"kind": "daemon.started", "limit": 1}))["entries"]
        except CliError as error:
            if error.code != "forbidden":
                raise
            return None
        return dict(entries[0]["details"].get("settings") or {}) if entries else None

    # Logs

    async def _read_logs(self) -> None:
        named = (await self.gateway.get("/api/status"))["log_file"]
        logs = self.query_one(Logs)
        if self._log == Path(named or ""):
            return
        try:
            lines, self._position = await asyncio.to_thread(self.dashboard.machine.last_lines, Path(named or ""), MOST)
        except OSError:
            logs.begin([f"There is no log at {named}. Under systemd: journalctl --user -u tektra"])
            return
        self._log = Path(named)
        logs.begin(lines, self.dashboard.now().date().isoformat())

    def _tail(self) -> None:
        if self.is_current and self.tab == "logs" and self._log is not None:
            self.attempt(self._read_on, group="tail", exclusive=True)

    async def _read_on(self) -> None:
        if self._log is None:
            return
        try:
            lines, self._position = await asyncio.to_thread(
                self.dashboard.machine.more_lines, self._log, self._position
            )
        except OSError:
            return  # the next one may be there soon
        self.query_one(Logs).add(lines)

    def action_level(self) -> None:
        """Show less of the log, or all."""
        self.query_one(Logs).next_level()

    def action_filter(self) -> None:
        """Say which words to look for."""
        self.query_one(Logs).query_one(Input).focus()

    # Alerts

    async def _read_alerts(self) -> None:
        entries = (await self.gateway.get("/api/audit", {"kind": "security", "limit": ALERTS}))["entries"]
        now = self.dashboard.now()
        empty = "Nothing was refused and nothing looks wrong. Live: tektra events --type alert"
        self.query_one("#events", Listing).show(
            [words.alert_row(entry, now, self._user_name) for entry in entries], empty
        )

    # Users

    async def _read_users(self) -> None:
        document = await self.gateway.get("/api/users")
        self._users = {str(user["uid"]): user for user in document["users"]}
        note = self.query_one("#note", Static)
        note.update("This daemon is not shared: set shared_group (docs/configuration.md) to let others in.")
        note.set_class(not document["shared"], "-said")
        self.query_one("#people", Listing).show(words.user_rows(document, self.dashboard.now(), self._user_name))

    def action_add(self) -> None:
        """Let somebody connect."""
        self.attempt(self._add_user)

    async def _add_user(self) -> None:
        chosen = await self.app.push_screen_wait(UserForm())
        if chosen is not None:
            await self._set_role(wording.uid(chosen[0]), chosen[1])

    def action_role(self) -> None:
        """Change somebody's role."""
        user = self._users.get(self.query_one("#people", Listing).current or "")
        if user is not None:
            self.attempt(lambda: self._change_role(user))

    async def _change_role(self, user: Document) -> None:
        chosen = await self.app.push_screen_wait(UserForm(words.user(user["uid"], self._user_name), user["role"]))
        if chosen is not None:
            await self._set_role(user["uid"], chosen[1])

    async def _set_role(self, uid: int, role: str) -> None:
        if await posted(self, address("users"), {"uid": uid, "role": role}) is not None:
            self.notify(f"{words.user(uid, self._user_name)} may connect as {role}", markup=False)
            await self._read_users()

    def action_remove(self) -> None:
        """Let somebody connect no more."""
        user = self._users.get(self.query_one("#people", Listing).current or "")
        if user is not None:
            self.attempt(lambda: self._remove_user(user["uid"]))

    async def _remove_user(self, uid: int) -> None:
        lost = "What is under way ends by itself; their conversations stay theirs."
        if await self.app.push_screen_wait(
            Confirm(f"Let {words.user(uid, self._user_name)} connect no more?", lost, "Remove")
        ):
            await self.gateway.delete(address("users", str(uid)))
            await self._read_users()

    # Permissions

    async def _read_permissions(self) -> None:
        document = await self.gateway.get("/api/permissions", {"all": str(self._with_ended).lower()})
        now = self.dashboard.now()
        self._grants = {grant["id"]: grant for grant in document["grants"]}
        self._rules = document["rules"]
        problem = words.problem_words(document["problem"])
        empty = (
            problem or "Nothing was granted: the rules beside decide. tektra permissions grant allows, denies, or asks."
        )
        self.query_one("#granted", Listing).show([words.grant_row(grant, now) for grant in document["grants"]], empty)
        self.query_one("#ruled", Listing).show([words.rule_row(rule) for rule in self._rules], problem)
        if problem:
            self.notify(problem, title="The policies cannot be taken", severity="error", markup=False)

    _read_grants = _read_rules = _read_permissions

    def action_all(self) -> None:
        """Also those that hold no more, or not."""
        self._with_ended = not self._with_ended
        self.renew()

    def action_revoke(self) -> None:
        """End a grant."""
        grant = self._grants.get(self.query_one("#granted", Listing).current or "")
        if grant is not None and grant["holds"]:
            self.attempt(lambda: self._revoke(grant))

    async def _revoke(self, grant: Document) -> None:
        said = f"{grant['decision']} {grant['action']} {grant['resource']} for {grant['agent'] or 'everybody'}"
        lost = f"{said}. It holds no more then, and is granted anew with tektra permissions grant."
        sure = await self.app.push_screen_wait(Confirm("End this grant?", lost, "Revoke"))
        if sure and await posted(self, address("permissions", grant["id"], "revoke"), {}) is not None:
            await self._read_permissions()

    # Why

    async def _read_why(self) -> None:
        if not self._rules:
            self._rules = (await self.gateway.get("/api/permissions"))["rules"]

    def on_why_asked(self, message: Why.Asked) -> None:
        """Try it."""
        self.attempt(lambda: self._try(message.body), group="why", exclusive=True)

    async def _try(self, body: dict[str, Any]) -> None:
        if body["action"] == "run" and body["agent"]:  # what agents run is confined as well as it can be here
            level = (await self.gateway.get("/api/sandbox"))["level"]
            body = {**body, "confinement": level if level in ("A", "B") else ""}
        told = await self.gateway.post(address("permissions", "test"), body)
        self.query_one(Why).tell(words.decision(told, self._rules))
