"""Paths as somebody types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tektra_cli.errors import UsageError
from tektra_cli.tui import paths

MODELS = (".gguf",)


def test_paths_are_completed_with_folders_first_and_no_other_files(tmp_path: Path) -> None:
    for name in ("model-a.gguf", "model-b.gguf", "model.txt", ".hidden.gguf"):
        (tmp_path / name).write_text("")
    (tmp_path / "models").mkdir()
    said = f"{tmp_path}/mo"
    found = paths.completions(said, MODELS)
    assert found == [f"{tmp_path}/models/", f"{tmp_path}/model-a.gguf", f"{tmp_path}/model-b.gguf"]
    assert paths.completions(said) == [f"{tmp_path}/models/"]
    assert paths.common(said, found) == f"{tmp_path}/model"
    assert paths.completions(f"{tmp_path}/.h", MODELS) == [f"{tmp_path}/.hidden.gguf"]
    assert paths.completions(f"{tmp_path}/none/x") == []
    assert paths.completions("a\0b/") == []
    assert paths.common(said, []) == said


def test_what_is_wrong_with_a_file_is_said_before_it_is_written_or_read(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("")
    link.symlink_to("nowhere")
    assert (paths.new(f"{tmp_path}/other"), paths.there(str(file))) == ("", "")
    assert "exists already" in paths.new(str(file))
    assert "exists already" in paths.new(str(link))
    assert f"no directory {tmp_path}/none" in paths.new(f"{tmp_path}/none/file")
    assert "nobody" in paths.new("~no-such-user/file")
    assert paths.new("") == "where to?"
    for said in ("", str(link), str(tmp_path), "~no-such-user/file", "a\0b"):
        assert paths.there(said) == "there is no such file"


def test_a_path_is_whole_and_a_home_that_nobody_has_is_said() -> None:
    assert paths.path("a") == Path.cwd() / "a"
    with pytest.raises(UsageError, match="home of nobody"):
        paths.path("~no-such-user/file")
