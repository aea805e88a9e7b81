"""What the place system asks before it changes who may connect: who, and as what."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tektra_cli.commands.users import Role
from tektra_cli.tui.widgets.dialog import Dialog

ROLES = {
    Role.user: "user: asks models and loads them",
    Role.operator: "operator: looks after models too, reads the log",
    Role.auditor: "auditor: reads the audit log and nothing else",
}


class UserForm(Dialog[tuple[str, str]]):
    """Who, and as what: a name, Enter, a role, Enter."""

    DEFAULT_CSS = """
    UserForm OptionList { border: none; height: auto; background: $surface; padding: 0; margin: 1 0; }
    """

    def __init__(self, who: str = "", role: str = Role.user.value) -> None:
        super().__init__()
        self._who, self._role = who, role
        self.title = f"What may {who} do?" if who else "Let somebody connect"

    def body(self) -> ComposeResult:
        """A name and the roles."""
        if not self._who:
            yield Input(placeholder="a user's name on this machine, or a uid", compact=True)
        yield OptionList(*(Option(words, id=role.value) for role, words in ROLES.items()), compact=True, markup=False)
        yield Static("Enter takes the role, Escape changes nothing.", classes="dim", markup=False)

    def on_mount(self) -> None:
        """Begin at the role there is."""
        roles = self.query_one(OptionList)
        roles.highlighted = roles.get_option_index(self._role)

    def on_input_submitted(self) -> None:
        """On to the roles."""
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """The answer, where there is somebody to speak of."""
        who = self._who or self.query_one(Input).value.strip()
        if who and event.option.id:
            self.dismiss((who, event.option.id))
        else:
            self.query_one(Input).focus()
