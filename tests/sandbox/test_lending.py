"""What a program is given it does not keep, and the event loop goes on while it is given."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tektrad.errors import Busy
from tektrad.sandbox import cgroup
from tektrad.sandbox.confinement import Limits, Outcome, Program
from tektrad.sandbox.identity import SANDBOX_ID, is_root
from tektrad.sandbox.lending import Lending
from tektrad.sandbox.tree import remove
from tektrad.sandbox.uninterrupted import in_threads
from tests.sandbox.conftest import Confined

MANY = 3000
as_root = pytest.mark.skipif(not is_root(), reason="only root's folders are lent")


@pytest.fixture
def many() -> Iterator[Path]:
    """A folder of the user's own with many files."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    for number in range(MANY):
        (folder / str(number)).touch()
    (folder / "0").chmod(0o4755)
    yield folder
    remove(folder)


def lent(folder: Path) -> list[Path]:
    """What belongs to confined programs' user."""
    return [path for path in (folder, *folder.rglob("*")) if path.lstat().st_uid == SANDBOX_ID]


def groups() -> set[Path]:
    """The control groups of programs."""
    return {path for parent in cgroup.parents() for path in (parent / cgroup.NAME).glob("*/")}


async def until(happened: Callable[[], bool]) -> None:
    """Let everything else go on until something has happened."""
    while not happened():  # noqa: ASYNC110  nobody could set an event
        await asyncio.sleep(0)


def start(confined: Confined, folder: Path, *arguments: str) -> asyncio.Task[Outcome]:
    """Begin to run a program."""
    program = Program(arguments, folder)
    return asyncio.create_task(confined.sandbox.run(program, Limits(), lambda *_: None))


@as_root
def test_the_event_loop_goes_on_while_a_big_folder_is_lent_and_taken_back(confined: Confined, many: Path) -> None:
    async def turns_between() -> list[int]:
        counted = []
        lending = Lending(SANDBOX_ID)
        held = lending.lent(many)
        for step in (held.__aenter__, lambda: held.__aexit__(None, None, None)):
            task = asyncio.ensure_future(step())
            turns = 0
            while not task.done():
                turns += 1
                await asyncio.sleep(0)
            await task
            counted.append(turns)
        return counted

    assert min(asyncio.run(turns_between())) > 50
    assert not lent(many)


@as_root
def test_a_run_cancelled_while_its_folder_is_lent_leaves_all_of_it_roots(confined: Confined, many: Path) -> None:
    async def work() -> None:
        task = start(confined, many, "/bin/sleep", "60")
        await until(lambda: any((many / str(number)).stat().st_uid == SANDBOX_ID for number in (0, MANY - 1)))
        task.cancel()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    before = groups()
    asyncio.run(work())
    assert not lent(many)
    assert groups() <= before
    assert not (many / "0").stat().st_mode & stat.S_ISUID


@as_root
def test_a_cancellation_while_it_is_taken_back_leaves_all_of_it_roots(many: Path) -> None:
    async def work() -> None:
        async def hold() -> None:
            async with Lending(SANDBOX_ID).lent(many):
                given.set_result(None)

        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(hold())
        await given
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert not lent(many)


@as_root
def test_a_folder_stays_lent_as_long_as_one_program_is_in_it(confined: Confined) -> None:
    async def work() -> tuple[list[Path], Outcome]:
        first = start(confined, folder, "/bin/sh", "-c", "mkfifo gate; read line < gate; touch written")
        await until((folder / "gate").exists)
        await start(confined, folder, "/bin/true")
        between = lent(folder)
        (folder / "gate").write_text("go\n")
        return between, await first

    with _of_ones_own() as folder:
        between, outcome = asyncio.run(work())
        assert folder in between
        assert outcome.code == 0
        assert (folder / "written").exists()
        assert not lent(folder)


@as_root
def test_a_folder_that_a_killed_daemon_had_lent_comes_back_with_the_next_program(confined: Confined) -> None:
    with _of_ones_own() as folder:
        (folder / "own").touch()
        for path in (folder, folder / "own"):
            os.chown(path, SANDBOX_ID, -1)
        confined.run(("/bin/true",), folder)
        assert not lent(folder)


@as_root
def test_folders_that_overlap_are_not_lent_at_once() -> None:
    async def work() -> None:
        lending = Lending(SANDBOX_ID)
        async with lending.lent(folder / "inner"):
            with pytest.raises(Busy):
                await lending.lent(folder).__aenter__()
        async with lending.lent(folder):
            assert folder in lent(folder)

    with _of_ones_own() as folder:
        (folder / "inner").mkdir()
        asyncio.run(work())
        assert not lent(folder)


def test_what_was_entered_in_a_thread_is_left_though_nobody_waits_any_more() -> None:
    seen = []

    @contextlib.contextmanager
    def held() -> Iterator[None]:
        began.set()
        asyncio.run_coroutine_threadsafe(cancelled.wait(), loop).result()
        seen.append("entered")
        yield
        seen.append("left")

    async def work() -> None:
        async with in_threads(held()):
            seen.append("used")

    async def main() -> None:
        nonlocal loop
        loop = asyncio.get_running_loop()
        task = asyncio.create_task(work())
        await asyncio.to_thread(began.wait)
        task.cancel()
        await asyncio.sleep(0)
        cancelled.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    began, cancelled = threading.Event(), asyncio.Event()
    loop: asyncio.AbstractEventLoop
    asyncio.run(main())
    assert seen == ["entered", "left"]


def test_a_folder_goes_however_deep_it_is_and_whatever_rights_it_was_left_with(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    here = os.open(top, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("a", 0o500 if is_root() else 0o700, dir_fd=here)
        below = os.open("a", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, 0o000, dir_fd=here))
    os.fchmod(here, 0)
    os.close(here)
    (top / "link").symlink_to(tmp_path)
    (tmp_path / "kept").touch()
    remove(top)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


@contextlib.contextmanager
def _of_ones_own() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
