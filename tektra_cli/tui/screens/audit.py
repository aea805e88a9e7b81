"""Audit: what was done, as it happens and as far back as the log goes, and the proof of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from tektra_cli.tui.feed import Event
from tektra_cli.tui.gateway import address
from tektra_cli.tui.place import Place
from tektra_cli.tui.screens import audit_filter, audit_words
from tektra_cli.tui.screens.audit_bar import FilterBar
from tektra_cli.tui.screens.audit_chain import Alarm, Chain, ChainLine, Verdict
from tektra_cli.tui.screens.audit_detail import EntryDetail
from tektra_cli.tui.screens.audit_export import Export
from tektra_cli.tui.screens.audit_log import AuditLog
from tektra_cli.tui.screens.audit_pages import PAGE, Pages
from tektra_cli.tui.screens.audit_window import MOST, Entry

REST_S = 0.15
"""That the cursor stays before the rest of an act is looked for."""
LEAST = 20
"""Columns that a line has in any case."""
MOST_OF_AN_ACT = 50


class Audit(Place):
    """The log: a bar to filter it, a list without end, one entry at its side, and how it stands with the chain."""

    NAME = "audit"
    KEPT = MOST
    """Entries that are in memory at once."""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (180, "-huge")]  # noqa: RUF012  as Textual declares it
    DEFAULT_CSS = """
    Audit #head { height: 1; padding: 0; }
    Audit #list { width: 3fr; }
    Audit EntryDetail { width: 2fr; border-left: solid $border; }
    Audit.-huge #list { width: 2fr; }
    Audit.-huge EntryDetail { width: 1fr; }
    Audit.-narrow EntryDetail { display: none; border-left: none; }
    Audit.-narrow.opened #list { display: none; }
    Audit.-narrow.opened EntryDetail { display: block; width: 1fr; }
    Audit #empty { display: none; }
    Audit.is-empty #empty { display: block; }
    Audit.is-empty AuditLog { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/", show=False),
        Binding("v", "verify", "Verify", show=False),
        Binding("c", "cancel", "Cancel"),
        Binding("x", "export", "Export", show=False),
        Binding("o", "run", "The entry's run", show=False),
        Binding("a", "act", "Only the entry's act", show=False),
        Binding("J", "json", "Details as JSON", key_display="J", show=False),
        Binding("exclamation_mark", "alerts", "Alerts only", show=False, key_display="!"),
        Binding("backspace", "everything", "No filter", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.pages = Pages(self, self.KEPT, self._told)
        self._export = Export(self, self._draw_chain)
        self._chain = Chain()
        self._counted = 0
        """The number of the newest entry when the log was counted."""
        self._agents: Sequence[str] = ()

    def body(self) -> ComposeResult:
        """The alarm, the bar, the list and one entry, the chain."""
        yield Alarm()
        yield FilterBar(self._asked)
        with Horizontal():
            with Vertical(id="list"):
                yield Static(id="head", markup=False)
                yield AuditLog(self.pages.window, self._line)
                yield Static(id="empty", classes="empty", markup=False)
            yield EntryDetail()
        yield ChainLine()

    def on_mount(self) -> None:
        """The list is what keys go to."""
        super().on_mount()
        self._log.focus()

    def on_resize(self) -> None:
        """The names of the columns are as many as the columns."""
        self.call_after_refresh(self._redraw)

    async def reload(self) -> None:
        """What came meanwhile, and how it stands with the chain."""
        await self.pages.reload()
        await self._look_at_chain()

    def heard(self, events: Sequence[Event]) -> None:
        """The list grows; a damaged log is said, whoever found it."""
        entries = [event["data"] for event in events if event["type"] in ("entry", "alert")]
        if not entries:
            return
        self.pages.last = max(self.pages.last, *(entry["number"] for entry in entries))
        signed = [entry["number"] - 1 for entry in entries if entry["kind"] == "audit.checkpoint"]
        if signed and self._chain.entries is not None:
            self._chain = replace(self._chain, signed=signed[-1])
        if not self.is_current:
            return
        if any(entry["kind"] in ("audit.verify", "security.log_damaged") for entry in entries):
            self.attempt(self._look_at_chain, group="chain", exclusive=True)
        self.pages.hear()

    # What the widgets tell.

    def on_filter_bar_changed(self, message: FilterBar.Changed) -> None:
        """Look for something else."""
        self.remove_class("opened")
        self._log.focus()
        self.pages.filter(message.said, message.query)

    def on_filter_bar_left(self) -> None:
        """Back to the list."""
        self._log.focus()

    def on_rows_moved(self) -> None:
        """The cursor is elsewhere; an entry that somebody reads stays."""
        self._draw_chain()
        if self._shows_detail and not self.query_one(EntryDetail).has_focus:
            self._show(self._log.item)

    def on_rows_opened(self) -> None:
        """All of an entry."""
        self.add_class("opened")
        self._show(self._log.item)
        self.query_one(EntryDetail).focus()

    def on_entry_detail_left(self) -> None:
        """Back to the list."""
        self.remove_class("opened")
        self._log.focus()
        if self._shows_detail:
            self.call_after_refresh(lambda: self._show(self._log.item))

    def on_audit_log_wanted(self, message: AuditLog.Wanted) -> None:
        """Beyond an end of the window."""
        self.pages.turn(message.what)

    # What keys do.

    def action_filter(self) -> None:
        """Type one."""
        self.query_one("#filter").focus()

    def action_everything(self) -> None:
        """None."""
        self.query_one(FilterBar).say("")

    def action_alerts(self) -> None:
        """Security events."""
        self.query_one(FilterBar).say("kind:security")

    def action_act(self) -> None:
        """All that belongs to the same act."""
        entry = self._looked_at
        if entry is not None and entry["act"]:
            self.query_one(FilterBar).say(f"act:{entry['act']}")

    def action_json(self) -> None:
        """Details as lines, or as JSON."""
        self.query_one(EntryDetail).toggle_json()

    def action_run(self) -> None:
        """Where this was done."""
        entry = self._looked_at
        if entry is None or not entry["run"]:
            self.notify("This entry belongs to no run.", markup=False)
        else:
            self.dashboard.visit("runs", str(entry["run"]))

    def action_verify(self) -> None:
        """Check the whole log, beside all else."""
        if self._chain.share is None:
            self.attempt(self._verify, group="verify")

    def action_cancel(self) -> None:
        """End what is under way: a verification, or an export, which leaves no file then."""
        for group in ("verify", "export"):
            self.workers.cancel_group(self, group)

    def action_export(self) -> None:
        """Ask where to."""
        self._export.ask(self.pages.query)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Cancelling is for what is under way."""
        return action != "cancel" or self._chain.share is not None or self._export.is_under_way

    # What is asked of the daemon.

    def _asked(self, said: str) -> Mapping[str, Any]:
        return audit_filter.query(said, self.dashboard.now())

    async def _look_at_chain(self) -> None:
        """How long it is, how far signed, and what the last verification found; and what can be filtered by."""
        log, whole = address("audit"), {"limit": 1, "checkpoints": "true"}
        newest, oldest, signed, verified, agents = await asyncio.gather(
            self.gateway.get(log, whole),
            self.gateway.get(log, {"after": 0, **whole}),
            self.gateway.get(log, {"kind": "audit.checkpoint", "limit": 1}),
            self.gateway.get(log, {"kind": "audit.verify", "limit": 20}),
            self.gateway.get(address("agents")),
        )
        first, last = (each["entries"][0] for each in (oldest, newest))
        through = [str(entry["details"].get("through", "")).partition(":")[0] for entry in signed["entries"]]
        found = next((each for each in verified["entries"] if "ok" in each["details"]), None)
        verdict = Verdict.of(found["time"], found["details"]) if found is not None else None
        self._counted = last["number"]
        self._chain = replace(
            self._chain,
            entries=last["number"] - first["number"] + 1,
            head=f"{last['number']}:{last['hash']}",
            signed=int(through[0]) if through and through[0].isdecimal() else None,
            verdict=verdict,
        )
        self._agents = [each["agent"]["name"] for each in agents["agents"]]
        self._told()
        self.query_one(Alarm).show(verdict, self.dashboard.now())

    async def _verify(self) -> None:
        """To its end, or until somebody cancels it."""
        self._chain = replace(self._chain, share=0.0, checked=0)
        self.refresh_bindings()
        self._draw_chain()
        found: Mapping[str, Any] | None = None
        try:
            async for batch in self.gateway.stream(address("audit", "verify"), {}):
                for event in batch:
                    if event["type"] == "progress":
                        self._chain = replace(self._chain, share=event["share"], checked=event["entries"])
                    elif event["type"] == "done":
                        found = event
                self._draw_chain()
        finally:
            self._chain = replace(self._chain, share=None)
            self.refresh_bindings()
            self._draw_chain()
        if found is not None:
            self._judge(found)

    def _judge(self, found: Mapping[str, Any]) -> None:
        now = self.dashboard.now()
        verdict = Verdict.of(now.isoformat(), found)
        signed = str(found.get("signed_through") or "").partition(":")[0]
        self._chain = replace(self._chain, verdict=verdict)
        if signed.isdecimal():
            self._chain = replace(self._chain, signed=int(signed))
        self.query_one(Alarm).show(verdict, now)
        self._draw_chain()
        if verdict.ok:
            words = f"{verdict.entries:,} entries, {found['checkpoints']:,} signatures"
            self.notify(words, title="The log is as it was written", markup=False)
        else:
            self.notify(
                f"the first bad entry is {verdict.bad}", title="THE LOG WAS CHANGED", severity="error", timeout=30
            )

    # What is drawn.

    @property
    def _log(self) -> AuditLog:
        return self.query_one(AuditLog)

    def _line(self, entry: Entry, space: int) -> Content:
        return audit_words.line(entry, max(LEAST, space), self.dashboard.now(), self.dashboard.who)

    @property
    def _looked_at(self) -> Entry | None:
        detail = self.query_one(EntryDetail)
        return detail.entry if detail.has_focus else self._log.item

    @property
    def _shows_detail(self) -> bool:
        return not self.has_class("-narrow") or self.has_class("opened")

    def _show(self, entry: Entry | None) -> None:
        detail = self.query_one(EntryDetail)
        detail.show(entry, self.dashboard.now(), self.dashboard.who)
        if entry is not None and entry["act"]:
            self._tie(entry, self.pages.window.entries)
            look = partial(self._look_for_act, entry)
            self.later("act", REST_S, partial(self.attempt, look, group="act", exclusive=True))

    async def _look_for_act(self, entry: Entry) -> None:
        """The other entries of an act, wherever in the log they are."""
        page = await self.gateway.get(address("audit"), {"act": entry["act"], "limit": MOST_OF_AN_ACT})
        self._tie(entry, page["entries"])

    def _tie(self, entry: Entry, among: Sequence[Entry]) -> None:
        detail = self.query_one(EntryDetail)
        if detail.entry is not None and detail.entry["number"] == entry["number"]:
            detail.tie([each for each in among if each["act"] == entry["act"]])

    def _told(self) -> None:
        """Something of what is shown is otherwise."""
        if self.pages.is_looking:
            self._draw_chain()
            return
        entries = self.pages.window.entries
        page = entries[:PAGE]
        known = {
            "kind": {str(entry["kind"]) for entry in page},
            "user": {self.dashboard.who(entry["uid"]) for entry in page if entry["uid"] is not None},
            "agent": {*self._agents, *(str(entry["agent"]) for entry in page if entry["agent"])},
            "run": dict.fromkeys(str(entry["run"]) for entry in page if entry["run"]),
            "act": dict.fromkeys(str(entry["act"]) for entry in page if entry["act"]),
        }
        self.query_one(FilterBar).knows({name: sorted(found) for name, found in known.items()})
        self.set_class(not entries, "is-empty")
        if not entries:
            self.query_one("#empty", Static).update(_empty(self.pages.query))
            if self._shows_detail:
                self._show(None)
        self._draw_head()
        self._draw_chain()

    def _redraw(self) -> None:
        self._draw_head()
        self._draw_chain()
        if self._shows_detail and self.query_one(EntryDetail).entry is None:
            self._show(self._log.item)

    def _draw_head(self) -> None:
        def draw() -> None:
            self.query_one("#head", Static).update(audit_words.head(max(LEAST, self._log.space)))

        self.call_after_refresh(draw)  # before it nobody knows how wide the lines are

    def _draw_chain(self) -> None:
        window, last = self.pages.window, self.pages.last
        if self._export.said:
            live = self._export.said
        elif self.pages.is_looking:
            live = "looking…"
        elif not window.is_newest:
            live = f"{last - window.newest:,} newer ▲ g"
        else:
            live = "● live" if self._log.follows else f"entry {(self._log.item or {}).get('number', 0):,}"
        entries = self._chain.entries
        grown = None if entries is None else entries + max(0, last - self._counted)
        self.query_one(ChainLine).show(replace(self._chain, entries=grown), live, self.dashboard.now())


def _empty(query: Mapping[str, Any]) -> Content:
    if not query:
        return Content("Nothing was recorded yet. Whatever is done here from now on appears at once.")
    words = Content.assemble("No entry is like that.  ", ("backspace", "$accent"), " shows all,  ", ("/", "$accent"))
    return words + Content(" changes the filter.")
