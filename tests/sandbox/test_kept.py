"""What is kept of a workspace after each step, in real folders: killed in the next step, it is put back."""

from __future__ import annotations

import asyncio
import random
import shutil
from pathlib import Path

import pytest

from tektrad.clock import SystemClock
from tektrad.errors import InvalidRequest, WorkspaceTooLarge
from tektrad.sandbox.extent import Extent
from tektrad.sandbox.workspace import Workspace


def told(folder: Path) -> dict[str, object]:
    """All that a folder holds."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = ("link", str(path.readlink()))
        elif path.is_dir():
            found[name] = ("folder", path.stat().st_mode & 0o777)
        else:
            found[name] = ("file", path.read_bytes(), path.stat().st_mode & 0o777)
    return found


async def opened(original: Path, place: Path, extent: Extent | None = None) -> Workspace:
    workspace = await Workspace.open(original, place, extent or Extent(), SystemClock())
    await workspace.put_back()
    return workspace


@pytest.fixture
def original(tmp_path: Path) -> Path:
    folder = tmp_path / "original"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("a\n")
    (folder / "sub/b.txt").write_text("b\n")
    (folder / "link").symlink_to("a.txt")
    return folder


async def test_what_a_killed_step_did_is_gone_and_what_finished_steps_did_is_there(
    original: Path, tmp_path: Path
) -> None:
    workspace = await opened(original, tmp_path / "place")
    work = workspace.work
    (work / "a.txt").write_text("first\n")
    (work / "new").mkdir()
    (work / "new/c.sh").write_text("c\n")
    (work / "new/c.sh").chmod(0o755)
    shutil.rmtree(work / "sub")
    (work / "link").unlink()
    (work / "link").symlink_to("new/c.sh")
    await workspace.keep("1", {"result": "done"})
    kept = told(work)
    shutil.rmtree(work / "new")
    (work / "new").write_text("now a file\n")
    (work / "a.txt").unlink()
    (work / "sub").mkdir()
    again = await Workspace.found(tmp_path / "place", SystemClock())
    assert again is not None
    assert await again.put_back() == ("1", {"result": "done"})
    assert told(again.work) == kept
    assert told(original)["a.txt"] == ("file", b"a\n", 0o644)


async def test_before_the_first_step_it_is_what_it_was_at_the_start(original: Path, tmp_path: Path) -> None:
    workspace = await opened(original, tmp_path / "place")
    before = told(workspace.work)
    (workspace.work / "a.txt").write_text("half a st")
    assert await workspace.put_back() == ("", None)
    assert told(workspace.work) == before


@pytest.mark.parametrize("seed", range(8))
async def test_any_steps_are_kept_whatever_they_do(original: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    workspace = await opened(original, tmp_path / "place")
    for step in range(12):
        mess(workspace.work, chance)
        await workspace.keep(str(step), step)
        kept = told(workspace.work)
        if chance.random() < 0.5:
            mess(workspace.work, chance)
            found = await Workspace.found(tmp_path / "place", SystemClock())
            assert found is not None
            workspace = found
            assert await workspace.put_back() == (str(step), step)
            assert told(workspace.work) == kept


def mess(folder: Path, chance: random.Random) -> None:
    """Change a few things at random."""
    for _ in range(chance.randrange(1, 6)):
        path = folder / "/".join(chance.choice("abc") for _ in range(chance.randrange(1, 4)))
        every = [path, *path.parents]
        for above in reversed(every[: every.index(folder)]):
            if above.is_symlink() or (above.exists() and not above.is_dir()):
                above.unlink()
        if path.is_dir():
            shutil.rmtree(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        match chance.randrange(4):
            case 0:
                path.write_bytes(chance.randbytes(chance.randrange(64)))
            case 1:
                path.mkdir()
            case 2:
                path.symlink_to(chance.choice(["a", "/etc", "../b"]))
            case _:
                pass


async def test_a_step_that_makes_too_much_is_not_kept_and_can_be_undone(original: Path, tmp_path: Path) -> None:
    workspace = await opened(original, tmp_path / "place", Extent(bytes=1000))
    (workspace.work / "a.txt").write_text("small\n")
    await workspace.keep("1", 1)
    (workspace.work / "large").write_bytes(b"x" * 4000)
    with pytest.raises(WorkspaceTooLarge):
        await workspace.keep("2", 2)
    assert await workspace.put_back() == ("1", 1)
    assert not (workspace.work / "large").exists()
    assert (workspace.work / "a.txt").read_text() == "small\n"


async def test_something_else_is_tried_from_an_earlier_step_on(original: Path, tmp_path: Path) -> None:
    workspace = await opened(original, tmp_path / "place")
    for step in ("1", "2", "3"):
        (workspace.work / "a.txt").write_text(f"{step}\n")
        await workspace.keep(step, step)
    fork = await workspace.fork(tmp_path / "fork", {"0", "1", "2"})
    assert await fork.put_back() == ("2", "2")
    assert (fork.work / "a.txt").read_text() == "2\n"
    (fork.work / "a.txt").write_text("other\n")
    await fork.keep("3", "3b")
    assert [(each.path, each.change) for each in (await fork.changes()).changes] == [("a.txt", "changed")]
    assert (workspace.work / "a.txt").read_text() == "3\n"
    before_all = await workspace.fork(tmp_path / "start", {"0"})
    assert await before_all.put_back() == ("", None)
    assert (before_all.work / "a.txt").read_text() == "a\n"


async def test_old_steps_are_forgotten_when_they_take_too_much_room_and_that_is_said(
    original: Path, tmp_path: Path
) -> None:
    workspace = await opened(original, tmp_path / "place", Extent(bytes=1000))
    for step in range(5):
        (workspace.work / "a.txt").write_text(str(step) * 600)
        await workspace.keep(str(step), step)
    assert sum(path.stat().st_size for path in (tmp_path / "place/kept").iterdir() if path.suffix == "") <= 2000
    assert await workspace.put_back() == ("4", 4)
    assert (workspace.work / "a.txt").read_text() == "4" * 600
    with pytest.raises(InvalidRequest, match="not kept any more"):
        await workspace.fork(tmp_path / "fork", {"0"})


def test_a_note_that_is_none_of_ours_is_refused(original: Path, tmp_path: Path) -> None:
    async def tried() -> None:
        workspace = await opened(original, tmp_path / "place")
        await workspace.keep("1", 1)
        (tmp_path / "place/kept/1.json").write_text("{")
        await workspace.put_back()

    with pytest.raises(Exception, match="cannot be read"):
        asyncio.run(tried())
