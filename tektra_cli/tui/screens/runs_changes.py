"""What a run changed: its files and their diffs; which of them the folder gets; and what decides where both changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tektra_cli import wording
from tektra_cli.commands.runs import patches
from tektra_cli.errors import CliError
from tektra_cli.terminal import clean_line
from tektra_cli.tui.gateway import address
from tektra_cli.tui.widgets.cells import DIM, cell
from tektra_cli.tui.widgets.confirm import Confirm
from tektra_cli.tui.widgets.diff import coloured, safe
from tektra_cli.tui.widgets.key_bar import KeyBar
from tektra_cli.tui.widgets.rows import Rows

if TYPE_CHECKING:
    from tektra_cli.tui.place import Place

Change = Mapping[str, Any]
Document = Mapping[str, Any]
STYLES = {"added": "$success", "removed": "$error", "changed": "$accent"}


async def taken_over(place: Place, run: Mapping[str, Any]) -> bool:
    """Show what a run changed, and do what the person wants of it; whether anything was done."""
    at, is_partly_done = address("runs", run["id"]), False
    while True:
        document = await place.gateway.get(f"{at}/changes")
        wish = await place.app.push_screen_wait(Changes(document, is_over=run["ended_at"] is not None))
        if wish is None:
            return is_partly_done
        total = patches.total(wish.changes)
        if wish.drop:
            question = f"Forget {total}, of run {run['id']}?"
            if await place.app.push_screen_wait(Confirm(question, "There is no undo.", yes="Forget it")):
                await place.gateway.post(f"{at}/drop", timeout=None)
                place.notify(f"dropped {total}", markup=False)
                return True
            continue
        question = f"Write {total}, into {document['folder']}?"
        if not await place.app.push_screen_wait(Confirm(question, _stays(document, wish), yes="Write it")):
            continue
        if (failed := await _applied(place, at, document, wish)) == 0:
            return True
        is_partly_done = is_partly_done or failed is not None


async def _applied(place: Place, at: str, document: Document, wish: Wish) -> int | None:
    """How much the folder did not take at the last moment; None where nothing was written.

    All that was chosen is written, or nothing; where the folder changed meanwhile, the person decides each file.
    """
    body: dict[str, Any] = {"seen": document["digest"], "paths": [each["path"] for each in wish.changes], "choices": {}}
    while True:
        try:
            done = await place.gateway.post(f"{at}/apply", body, timeout=None)
        except CliError as error:
            conflicts = error.details.get("conflicts", ())
            if error.code != "workspace_conflict":
                raise
            if not conflicts:
                place.dashboard.say(error)
                return None
            choices = await place.app.push_screen_wait(Conflicts(conflicts, document["folder"]))
            if choices is None:
                return None
            body["choices"] = {**body["choices"], **choices}
            continue
        kept = [f"{each['path']}: {each['why']}" for each in done["kept"]]
        left = "" if done["dropped"] else f"\n{wording.plural(len(done['left']), 'change')} left"
        failed = len(done.get("failed", ()))
        words = "\n".join(kept) + left
        if failed:
            words = f"not written:\n{words}\nLook at what lies there, then choose these again, or leave them."
        title = f"{len(done['applied'])} written: {done['folder']}"
        place.notify(words, title=title, severity="warning" if failed else "information", markup=False)
        return failed


def _stays(document: Document, wish: Wish) -> str:
    others = len(document["changes"]) - len(wish.changes)
    return f"{wording.plural(others, 'other change')} stays in the copy." if others else "All that it changed."


@dataclass(frozen=True)
class Wish:
    """What somebody wants done with changes: that these are applied, or all forgotten."""

    changes: Sequence[Change]
    drop: bool = False


class Changes(ModalScreen["Wish | None"]):
    """Files at one side, the diff of the one under the cursor at the other."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012  as Textual declares it
    DEFAULT_CSS = """
    Changes { background: $background; }
    Changes > #about { height: 2; padding: 0 1; background: $panel; }
    Changes > #sides { height: 1fr; layout: horizontal; }
    Changes #files { width: 2fr; }
    Changes #diff { width: 3fr; border-left: solid $border; padding: 0 1; }
    Changes VerticalScroll { scrollbar-size-vertical: 1; }
    Changes.-narrow > #sides { layout: vertical; }
    Changes.-narrow #files { width: 1fr; height: auto; max-height: 8; }
    Changes.-narrow #diff { width: 1fr; height: 1fr; border-left: none; border-top: solid $border; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", key_display="esc"),
        Binding("space", "choose", "Choose"),
        Binding("t", "choose_all", "All or none"),
        Binding("a", "apply", "Apply"),
        Binding("x", "drop", "Drop all"),
        Binding("enter", "diff", "Diff", show=False),
        Binding("J", "scroll(1)", "Scroll the diff down", show=False),
        Binding("K", "scroll(-1)", "Scroll the diff up", show=False),
    ]

    def __init__(self, document: Document, *, is_over: bool) -> None:
        """`is_over`: of a run that is under way changes are only looked at."""
        super().__init__()
        self._document = document
        self._is_over = is_over
        self._written = frozenset(document.get("written", ()))
        """What was applied before, and lies in the folder so."""
        self._chosen = {each["path"] for each in document["changes"] if self._is_usual(each)}

    def compose(self) -> ComposeResult:
        """What it is about, files, diff, keys."""
        yield Static(id="about", markup=False)
        with Container(id="sides"):
            yield Rows[Change](lambda each: str(each["path"]), self._row, id="files")
            with VerticalScroll(id="diff"):
                yield Static(id="text", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """The first file first."""
        files = self.files
        files.show(self._document["changes"])
        if self.has_class("-narrow"):
            files.styles.height = min(8, max(1, len(self._document["changes"])))
        files.focus()
        self._about()

    @property
    def files(self) -> Rows[Change]:
        """The files."""
        return self.query_one("#files", Rows)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing is written of a run that is under way."""
        return self._is_over if action in ("apply", "drop", "choose", "choose_all") else True

    def on_resize(self) -> None:
        """In a small terminal the files have as many lines as they need, and the diff the rest."""
        files = self.files
        files.styles.height = min(8, max(1, len(self._document["changes"]))) if self.size.width < 110 else "1fr"

    def _row(self, each: Change, space: int) -> Content:
        is_written = each["path"] in self._written
        mark = "✗" if each.get("refused") else "■" if each["path"] in self._chosen else "✓" if is_written else "□"
        mark = mark if self._is_over else " "
        style = STYLES.get(each["change"], "")
        ((sign, path, lines),) = patches.stat([each])
        more = each.get("refused") or ("git ignores it" if each.get("is_ignored") else "")
        more = "written before" if is_written else more
        right = cell(lines, min(12, len(lines)), DIM, right=True)
        left = space - 7 - right.cell_length
        name = f"{path}  {more}" if more else path
        marked = Content.styled(f" {mark} ", "$error" if each.get("refused") else "$primary")
        return Content.assemble(marked, Content.styled(f"{sign} ", style), cell(name, max(4, left)), " ", right)

    def _about(self) -> None:
        changes = self._document["changes"]
        chosen = self._wanted()
        words = [patches.total(changes)]
        if self._is_over:
            words.append(f"chosen: {patches.total(chosen)}")
        else:
            words.append("the run is under way: it is only looked at")
        if self._written:
            words.append(f"{len(self._written)} written before")
        if self._document["left_out"]:
            words.append(f"{len(self._document['left_out'])} not looked at")
        text = "   ".join(words) if changes else "it changed nothing"
        folder = clean_line(self._document["folder"])
        about = Content.assemble(Content.styled(f"{self._document['run']}  {folder}", "bold"), "\n", text)
        self.query_one("#about", Static).update(about)

    @on(Rows.Moved, "#files")
    def _moved(self) -> None:
        each = self.files.item
        self.query_one("#text", Static).update("" if each is None else difference(each))
        self.query_one("#diff").scroll_home(animate=False)

    @on(Rows.Opened, "#files")
    def _opened(self) -> None:
        self.query_one("#diff").focus()

    def action_diff(self) -> None:
        """From the diff back to the files."""
        self.files.focus()

    def action_scroll(self, by: int) -> None:
        """Half a screen of the diff."""
        diff = self.query_one("#diff", VerticalScroll)
        diff.scroll_relative(y=by * max(1, diff.size.height // 2), animate=False)

    def action_choose(self) -> None:
        """Take this file, or leave it."""
        each = self.files.item
        if each is not None and not each.get("refused"):
            self._chosen ^= {each["path"]}
            self._about()
            self.files.redraw()
            self.files.action_move(1)

    def action_choose_all(self) -> None:
        """All that git does not ignore, or none."""
        usual = {each["path"] for each in self._document["changes"] if self._is_usual(each)}
        self._chosen = set() if self._chosen >= usual else usual
        self._about()
        self.files.redraw()

    def action_apply(self) -> None:
        """Have the chosen ones written."""
        wanted = self._wanted()
        if not wanted:
            self.notify("nothing is chosen: space chooses a file", severity="warning")
        else:
            self.dismiss(Wish(wanted))

    def action_drop(self) -> None:
        """Have all of it forgotten."""
        self.dismiss(Wish(self._document["changes"], drop=True))

    def _is_usual(self, change: Change) -> bool:
        is_possible = not change.get("refused") and change["path"] not in self._written
        return is_possible and not change.get("is_ignored")

    def action_leave(self) -> None:
        """Nothing."""
        self.dismiss(None)

    def _wanted(self) -> Sequence[Change]:
        """What is chosen, and the new folders that it lies in."""
        above = {path[:end] for path in self._chosen for end, sign in enumerate(path) if sign == "/"}
        return [
            each
            for each in self._document["changes"]
            if each["path"] in self._chosen
            or (each["path"] in above and each["change"] == "added" and not each.get("refused"))
        ]


def difference(change: Change) -> Content:
    """A change as text: its diff, or what it is instead."""
    path = clean_line(change["path"])
    said = [f"never applied: {change['refused']}"] if change.get("refused") else []
    said += ["git ignores it: choose it, if it is wanted"] if change.get("is_ignored") else []
    said += [str(change["note"])] if change.get("note") else []
    said += [f"moved from {change['moved_from']}"] if change.get("moved_from") else []
    before, after = change.get("before"), change.get("after")
    if not change.get("diff") or (before and after and before.get("executable") != after.get("executable")):
        said.append(f"it was {patches.side(before)}, and is {patches.side(after)}")
    if change.get("is_cut"):
        said.append("its diff is too long, and ends early here")
    head = Content.styled("\n".join(safe(each) for each in said), DIM) if said else Content("")
    body = coloured("\n".join(change.get("diff", "").splitlines()[2:]))
    parts = [part for part in (head, body) if part.plain]
    return Content.assemble(Content.styled(path, "bold"), "\n", Content("\n\n").join(parts))


class Conflicts(ModalScreen["Mapping[str, str] | None"]):
    """Files that the folder has changed, too: what they were, what they are there, what the run wants."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012  as Textual declares it
    DEFAULT_CSS = """
    Conflicts { background: $background; }
    Conflicts > #about { height: 2; padding: 0 1; background: $panel; }
    Conflicts > #files { height: auto; max-height: 6; }
    Conflicts > #was { height: 1; padding: 0 1; color: $foreground 60%; }
    Conflicts > #sides { height: 1fr; layout: horizontal; }
    Conflicts #sides Vertical { width: 1fr; height: 1fr; border: round $border; padding: 0 1; }
    Conflicts #sides Vertical { border-title-color: $foreground; }
    Conflicts #sides Vertical.taken { border: round $success; border-title-color: $success; }
    Conflicts VerticalScroll { scrollbar-size-vertical: 1; }
    Conflicts.-narrow > #sides { layout: vertical; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back", key_display="esc"),
        Binding("o", "take('ours')", "Run's (ours)"),
        Binding("t", "take('theirs')", "Folder's (theirs)"),
        Binding("a", "go_on", "Apply so"),
    ]

    def __init__(self, conflicts: Sequence[Mapping[str, Any]], folder: str) -> None:
        super().__init__()
        self._conflicts, self._folder = conflicts, folder
        self._choices: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """What it is about, the files, the sides of one."""
        yield Static(id="about", markup=False)
        yield Rows[Mapping[str, Any]](lambda each: str(each["path"]), self._row, id="files")
        yield Static(id="was", markup=False)
        with Container(id="sides"):
            with Vertical(id="theirs"), VerticalScroll():
                yield Static(id="theirs-text", markup=False)
            with Vertical(id="ours"), VerticalScroll():
                yield Static(id="ours-text", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """The first file first."""
        self.files.styles.height = min(6, len(self._conflicts))
        self.files.show(self._conflicts)
        self.files.focus()
        self._told()

    @property
    def files(self) -> Rows[Mapping[str, Any]]:
        """The files."""
        return self.query_one("#files", Rows)

    def _row(self, each: Mapping[str, Any], space: int) -> Content:
        choice = self._choices.get(each["path"], "")
        words = {"ours": "the run's", "theirs": "the folder's", "": "to decide"}[choice]
        style = "$success" if choice else "$warning"
        return Content.assemble(" ", cell(words, 13, style), cell(f"{each['path']}  {each['why']}", max(4, space - 14)))

    @on(Rows.Moved, "#files")
    def _moved(self) -> None:
        self._told()

    def _told(self) -> None:
        left = len(self._conflicts) - len(self._choices)
        said = f"{wording.plural(left, 'file')} to decide" if left else "all decided: a applies it so"
        about = f"{clean_line(self._folder)} has changed since the run began. Nothing is written yet."
        self.query_one("#about", Static).update(Content.assemble(Content.styled(about, "bold"), "\n", said))
        each = self.files.item
        if each is None:
            return
        was = clean_line(patches.side(each["base"]))
        self.query_one("#was", Static).update(f"it was {was} when the run began")
        for name, label, side in (
            ("theirs", "in the folder now (theirs)", "original"),
            ("ours", "the run wants (ours)", "workspace"),
        ):
            box = self.query_one(f"#{name}")
            taken = self._choices.get(each["path"]) == name
            box.border_title = Content(f"{label}: {clean_line(patches.side(each[side]))}{'  ✓' if taken else ''}")
            box.set_class(taken, "taken")
            text = "\n".join(each.get(name, "").splitlines()[2:])
            self.query_one(f"#{name}-text", Static).update(coloured(text))
        self.files.redraw()

    def action_take(self, side: str) -> None:
        """Decide the file under the cursor; then the next."""
        each = self.files.item
        if each is None:
            return
        if side not in each.get("can_take", ("ours", "theirs")):
            self.notify("only the folder's can be kept here", severity="warning")
            return
        self._choices[each["path"]] = side
        self.files.action_move(1)
        self._told()

    def action_go_on(self) -> None:
        """Apply with these choices."""
        if len(self._choices) < len(self._conflicts):
            self.notify("first decide each file: o the run's, t the folder's", severity="warning")
        else:
            self.dismiss(self._choices)

    def action_leave(self) -> None:
        """Nothing is written."""
        self.dismiss(None)
