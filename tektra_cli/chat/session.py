"""The interactive chat: reads a message, shows the answer, again; ^C ends an answer and never the program."""

from __future__ import annotations

from dataclasses import replace

from tektra_cli import errors, launch
from tektra_cli.chat import slash, views
from tektra_cli.chat.line_reader import LineReader, quiet_keyboard, reader
from tektra_cli.chat.turn import Event, Request, View, streamed
from tektra_cli.client import Client
from tektra_cli.errors import CliError
from tektrad.paths import UnsafePath, find_paths


class Session:
    """One interactive chat; owns which conversation, model and system prompt the next turn uses."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.context = 0
        self.used = 0
        self._chosen = request.model is not None
        self._introduced = False

    def run(self) -> None:
        """Until /exit or ^D."""
        self.open()
        lines = reader(find_paths().state_dir / "history", [f"/{name}" for name in slash.COMMANDS])
        errors.note("/help shows the commands, ^D leaves")
        with quiet_keyboard():
            while self._step(lines):
                pass

    def open(self) -> Client:
        """A client whose daemon runs; a daemon that ended meanwhile is started again."""
        return launch.ensured()

    def _step(self, lines: LineReader) -> bool:
        """One line and what follows from it; false when the person leaves."""
        try:
            line = lines.read()
        except EOFError:
            return False
        except KeyboardInterrupt:
            errors.note("^D or /exit leaves")
            return True
        return self._survived(line)

    def _survived(self, line: str) -> bool:
        """What follows from a line; whatever goes wrong is told, and the chat goes on."""
        try:
            return self._handled(line)
        except BrokenPipeError:
            raise  # nobody reads any more
        except KeyboardInterrupt:
            errors.note("stopped")
        except CliError as error:
            errors.show(error)
        except UnsafePath as error:
            errors.show(CliError("unsafe_path", error.message, error.hint))
        except OSError as error:
            errors.show(errors.of_system(error))
        return True

    def _handled(self, line: str) -> bool:
        if not line.strip():
            return True
        command = slash.parsed(line)
        if command is not None:
            return slash.run(self, *command)
        self.turn(self.request.asking(line))
        return True

    def turn(self, request: Request) -> None:
        """Ask and show; an answer that ^C ends stays in the conversation, marked as interrupted."""
        view = Noting(views.Talk(not self._chosen and not self._introduced), self)
        try:
            finish = streamed(self.open(), request, view)
        except KeyboardInterrupt:
            errors.note("stopped")
        else:
            self._summarise(finish)

    def began(self, start: Event) -> None:
        """The daemon has said which conversation and model this is."""
        self._introduced = True
        self.context = start.get("context") or self.context
        self.request = replace(self.request, conversation=start["conversation_id"], model=start["model"])

    def choose(self, model: str) -> None:
        """Use this model from now on."""
        self.request, self._chosen = replace(self.request, model=model), True

    def forget(self) -> None:
        """Begin a new conversation with the next message."""
        self.request, self.used = replace(self.request, conversation=None), 0

    def _summarise(self, finish: Event) -> None:
        usage, timings = finish["usage"], finish["timings"]
        self.used = usage["prompt_tokens"] + usage["completion_tokens"]
        self.context = usage.get("context") or self.context
        speed = timings.get("tokens_per_s")
        rate = f" · {speed:.1f} tokens/s" if speed else ""
        errors.note(f"{usage['completion_tokens']} tokens{rate} · context {self.used}/{self.context}")


class Noting:
    """A view that also lets the session know where the turn happens."""

    def __init__(self, view: View, session: Session) -> None:
        self._view = view
        self._session = session

    def event(self, event: Event) -> None:
        """Tell both."""
        if event["type"] == "start":
            self._session.began(event)
        self._view.event(event)

    def close(self) -> None:
        """Only the view has something to close."""
        self._view.close()
