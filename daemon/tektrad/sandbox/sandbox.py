"""The sandbox: runs a program confined at the level that holds here, or says why none does."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from tektrad.errors import Forbidden, InvalidRequest, Unconfined
from tektrad.sandbox import bubblewrap, cgroup, identity, landlock, launch, seccomp, tree
from tektrad.sandbox.confinement import Level, Limits, Outcome, Program
from tektrad.sandbox.interpreter import NO_FUNCTIONS, Functions, Interpreter
from tektrad.sandbox.lending import Lending
from tektrad.sandbox.listener import listening
from tektrad.sandbox.pipe import readable
from tektrad.sandbox.supervisor import Hear, Supervisor
from tektrad.sandbox.uninterrupted import in_threads, uninterrupted

ROOTS_SCRATCH = Path("/var/lib/tektra-sandbox")
"""Where root's programs find folders of their own: their user cannot go where root's cache lies."""
ROOTS_WORKSPACES = ROOTS_SCRATCH / "workspaces"
TRIAL = 'echo confined && ! cat /etc/shadow 2>/dev/null && test -w "$PWD" && ! touch /usr/tektra 2>/dev/null'
DENIED_TRIAL = TRIAL + """ && ! "$0" -I -S -c 'import os; os.chroot("/")' 2>/dev/null"""
"""The same, and then a call that is heard of; `$0` is a Python."""
ALLOW = (
    "Allow user namespaces to bubblewrap (Ubuntu: an AppArmor profile for bwrap; containers: their seccomp profile)."
)


@dataclass(frozen=True, slots=True)
class Footing:
    """Which level holds here, why none better does, and how to mend that; and why denied calls are unseen, if so."""

    level: Level
    why: str = ""
    fix: str = ""
    unseen: str = ""

    @property
    def confinement(self) -> Literal["none", "A", "B"]:
        """What holds a program, as the audit log names it."""
        return "none" if self.level == "C" else self.level


class Sandbox:
    """Confined programs, for one daemon; `protected` are the folders that no program may come near."""

    def __init__(
        self, scratch: Path, protected: Sequence[Path], at_most: Level = "A", workspaces: Path | None = None
    ) -> None:
        """`at_most`: the best level that is tried; `workspaces`: whose folders are the daemon's own, for programs."""
        self._workspaces = ROOTS_WORKSPACES if identity.is_root() else workspaces
        self._scratch = ROOTS_SCRATCH if identity.is_root() else scratch
        self._protected = [path.resolve() for path in protected]
        self._at_most = at_most
        self._probing = asyncio.Lock()
        self._footing: Footing | None = None
        self._bwrap = ""
        self._lending = Lending(identity.SANDBOX_ID)

    async def footing(self) -> Footing:
        """The level that holds here, found out once by running a program at it."""
        async with self._probing:
            if self._footing is None:
                self._footing = await self._probed()
            return self._footing

    async def run(self, program: Program, limits: Limits, hear: Hear, denied: Counter[str] | None = None) -> Outcome:
        """Run a program and hear what it says; raises Unconfined, Forbidden or InvalidRequest.

        System calls that are denied to it are counted in `denied` as they come.
        """
        footing = await self.footing()
        if footing.level == "C":
            raise Unconfined(f"nothing here confines a program: {footing.why}", footing.fix)
        if not self._is_own(program.folder):
            self.check_folder(program.folder)
        counted = Counter() if denied is None else denied
        return await self._run(program, limits, hear, footing.level, None if footing.unseen else counted)

    @contextlib.asynccontextmanager
    async def interpreter(
        self, folder: Path, limits: Limits, functions: Functions = NO_FUNCTIONS
    ) -> AsyncIterator[Interpreter]:
        """A Python for a folder that keeps its state from run to run; the first run may raise what `run` raises."""
        session = Interpreter(self.run, folder, limits, functions)
        try:
            yield session
        finally:
            await uninterrupted(session.close())

    @contextlib.contextmanager
    def fresh_folder(self) -> Iterator[Path]:
        """An empty folder of the confined programs' user, gone afterwards. It may be long in going: for threads."""
        self._scratch.mkdir(mode=0o711, parents=True, exist_ok=True)
        path = Path(tempfile.mkdtemp(dir=self._scratch))
        try:
            if identity.is_root():
                os.chown(path, identity.SANDBOX_ID, identity.SANDBOX_ID)
            yield path
        finally:
            tree.remove(path)

    def check_folder(self, folder: Path) -> None:
        """Raise InvalidRequest or Forbidden for one with which a program could reach the daemon, or somebody else's."""
        if not folder.is_dir():
            raise InvalidRequest(f"{folder} is not a folder", "Name one that exists: --dir DIR", param="folder")
        owners = {os.getuid(), identity.SANDBOX_ID} if identity.is_root() else {os.getuid()}  # lent, or left so
        if folder.stat().st_uid not in owners:
            raise Forbidden(f"{folder} belongs to somebody else", "Choose a folder of your own.")
        for path in self._protected:
            if path.is_relative_to(folder) or folder.is_relative_to(path):
                raise Forbidden(
                    f"{folder} would show a confined program {path}, which is Tektra's own",
                    "Choose a folder that does not hold it.",
                )
        if len(folder.parts) < 3 or folder.is_relative_to("/usr"):
            raise Forbidden(f"{folder} is a part of the system", "Choose a folder of your own.")
        if not identity.may_reach(folder.parent):
            raise Forbidden(
                f"{folder} lies where only root may go, and programs run as another user",
                "Choose a folder that others may reach.",
            )

    @property
    def workspaces(self) -> Path | None:
        """Where private copies of folders lie, that programs may be run in."""
        return self._workspaces

    def _is_own(self, folder: Path) -> bool:
        """Whether it is one that the daemon made for programs."""
        return folder.parent == self._scratch or (
            self._workspaces is not None and folder.name == "work" and folder.parent.parent == self._workspaces
        )

    async def _run(
        self, program: Program, limits: Limits, hear: Hear, level: Level, denied: Counter[str] | None
    ) -> Outcome:
        """With nothing to count denied calls in, nobody listens for them."""
        async with contextlib.AsyncExitStack() as held:
            group = cgroup.Group(())
            if identity.is_root():
                group = await held.enter_async_context(in_threads(cgroup.made(limits, uuid.uuid4().hex)))
                if not self._is_own(program.folder):
                    await held.enter_async_context(self._lending.lent(program.folder))
            door = held.enter_context(listening(denied)) if denied is not None else None
            inherited = [*program.descriptors, *([door] if door is not None else [])]
            if level == "A":
                files = [held.enter_context(readable(data)) for data in launch.descriptors(door is not None)]
                line = launch.level_a(self._bwrap, program, limits, files, group.members, door)
                supervisor = Supervisor(limits, [program.folder], level, hear)
                outcome = await supervisor.run(line, [*files, *inherited], program.stdin, lambda: None)
            else:
                scratch = await held.enter_async_context(in_threads(self.fresh_folder()))
                theirs, ours = os.pipe()
                held.callback(os.close, theirs)
                control = held.enter_context(contextlib.ExitStack())
                control.callback(os.close, ours)
                line = await asyncio.to_thread(launch.level_b, program, scratch, limits, theirs, group.members, door)
                supervisor = Supervisor(limits, [program.folder, scratch], level, hear)
                outcome = await supervisor.run(line, [theirs, *inherited], program.stdin, control.close)
            outcome = replace(outcome, denied=dict(denied or {}))
            if outcome.ended_by == "itself" and outcome.code and group.ran_out():
                return replace(outcome, ended_by="memory")
            return outcome

    async def _probed(self) -> Footing:
        """Try the levels, the best first."""
        try:
            await asyncio.to_thread(seccomp.bpf, "A", is_heard=False)
        except (ImportError, OSError, RuntimeError) as error:
            why = f"libseccomp cannot build the filter of system calls ({error})"
            return Footing("C", why, "Install it, 2.5 or newer: apt install libseccomp2")
        if identity.is_root() and not cgroup.parents():
            why = "the daemon runs as root, and there are no control groups to limit memory and tasks"
            return Footing("C", why, "Run the daemon as an ordinary user.")
        reason, fix, unseen = "only level B was asked for", "", ""
        if self._at_most == "A":
            try:
                self._bwrap = await asyncio.to_thread(bubblewrap.find)
                reason, unseen = await self._tried("A")
                fix = ALLOW
            except bubblewrap.Unusable as error:
                reason, fix = error.message, error.hint
            if not reason:
                return Footing("A", unseen=unseen)
        if landlock.abi() < landlock.LEAST_ABI:
            why = f"{reason}; the kernel's Landlock is version {landlock.abi()}, and {landlock.LEAST_ABI} is needed"
            return Footing("C", why, fix)
        if identity.interpreter() is None:
            return Footing("C", f"{reason}; there is no Python that programs' user may reach", fix)
        failed, unseen = await self._tried("B")
        return Footing("C", f"{reason}; {failed}", fix) if failed else Footing("B", reason, fix, unseen)

    async def _tried(self, level: Level) -> tuple[str, str]:
        """Run a program that must be confined: why it is not, and why nobody hears of its denied calls; both if so."""
        python = identity.interpreter()
        if python is None:
            unseen = "there is no Python that programs' user may reach"
        else:
            denied: Counter[str] = Counter()
            unseen = await self._failed(level, [DENIED_TRIAL, python], denied)
            if not unseen and denied["chroot"]:
                return "", ""
            unseen = unseen.splitlines()[-1] if unseen else "the kernel did not tell of one"
        return await self._failed(level, [TRIAL], None), unseen

    async def _failed(self, level: Level, script: list[str], denied: Counter[str] | None) -> str:
        """What went wrong with a trial, if anything."""
        heard: list[bytes] = []
        try:
            async with in_threads(self.fresh_folder()) as folder:
                program = Program(("/bin/sh", "-c", *script), folder)
                outcome = await self._run(
                    program, Limits(seconds=10), lambda _, data: heard.append(data), level, denied
                )
        except OSError as error:
            return f"level {level} cannot be started: {error}"
        said = b"".join(heard).decode("utf-8", "replace").strip()
        return "" if outcome.code == 0 and said == "confined" else f"level {level} does not hold: {said}"
