"""The catalog: names, manifests and files on a real disk."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import logging
import os
import resource
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tektra_models.blobs import write_failed
from tektra_models.catalog import BUILT_IN, Catalog
from tektra_models.errors import (
    BadModelFile,
    BadModelName,
    BadRequest,
    DiskFull,
    ModelError,
    ModelExists,
    ModelFileMissing,
    PermissionDenied,
    UnknownModel,
    Unsupported,
)
from tests.ggufs import write_gguf

SCRIPT = '{"schema": "tektra.scripted/1", "replies": [{"say": "hello"}]}'


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    return Catalog(
        tmp_path / "models",
        built_in_file=tmp_path / "no-starter.gguf",
        now=lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_gguf(tmp_path / "Tiny Model_Q8_0.gguf")


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """A disk that takes no more than that in one file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def without_rights() -> Iterator[None]:
    """Root may look everywhere, so tests of what is hidden run as nobody."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that others may enter and not write to; those of pytest are closed to all but their owner."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        yield Path(folder)
        Path(folder).chmod(0o755)


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


def test_a_linked_file_is_listed_with_its_facts_and_stays_where_it_is(catalog: Catalog, file: Path) -> None:
    model = catalog.add_link(file)
    assert (model.name, model.source, model.path) == ("tiny-model_q8_0", "linked", str(file))
    assert (model.architecture, model.quantization, model.format, model.context_train) == (
        "llama", "Q8_0", "gguf", 512,
    )  # fmt: skip
    assert (model.sha256, model.origin, model.added_at) == (None, None, "2026-01-02T03:04:05Z")
    assert catalog.list() == [model]
    assert files_in(catalog.models_dir) == {"tiny-model_q8_0.json"}


def test_a_list_opens_no_model_file(catalog: Catalog, file: Path) -> None:
    model = catalog.add_link(file)
    file.write_bytes(b"no longer a model")
    assert catalog.list() == [model]


def test_folders_are_private_and_manifests_whole(catalog: Catalog, file: Path) -> None:
    catalog.add_copy(file, "one")
    for folder in (catalog.models_dir, catalog.models_dir / "blobs"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    document = json.loads((catalog.models_dir / "one.json").read_bytes())
    assert document["schema"] == "tektra.manifest/1"
    assert document["model"]["name"] == "one"


def test_a_copy_lies_under_its_digest_and_survives_its_source(catalog: Catalog, file: Path) -> None:
    content = file.read_bytes()
    heard: list[tuple[int, int]] = []
    model = catalog.add_copy(file, "one", lambda done, total: heard.append((done, total)))
    file.unlink()
    digest = hashlib.sha256(content).hexdigest()
    assert (model.source, model.sha256) == ("copied", digest)
    assert Path(model.path) == catalog.models_dir / "blobs" / f"{digest}.gguf"
    assert Path(model.path).read_bytes() == content
    assert heard[-1] == (len(content), len(content))
    assert catalog.get("one").missing is False


def test_names_are_found_in_any_case_but_never_by_their_beginning(catalog: Catalog, file: Path) -> None:
    catalog.add_link(file, "Qwen3-8B")
    assert catalog.get("qwen3-8b").name == "Qwen3-8B"
    with pytest.raises(UnknownModel):
        catalog.get("Qwen3")


def test_an_unknown_name_brings_the_nearest_names(catalog: Catalog, file: Path) -> None:
    catalog.add_link(file, "qwen3-8b")
    with pytest.raises(UnknownModel, match="qwen3-9b") as caught:
        catalog.get("qwen3-9b")
    assert "Did you mean qwen3-8b?" in caught.value.hint


def test_the_same_file_again_is_no_error(catalog: Catalog, file: Path, tmp_path: Path) -> None:
    linked = catalog.add_link(file, "linked")
    assert catalog.add_link(file, "linked") == linked
    alias = tmp_path / "alias.gguf"
    alias.symlink_to(file)
    assert catalog.add_link(alias, "linked").path == str(alias)
    assert catalog.add_copy(file, "copied") == catalog.add_copy(alias, "Copied")


def test_another_file_under_a_taken_name_is_refused(catalog: Catalog, file: Path, tmp_path: Path) -> None:
    first = catalog.add_copy(file, "one")
    other = write_gguf(tmp_path / "other.gguf", seed=1)
    for add in (catalog.add_link, catalog.add_copy):
        with pytest.raises(ModelExists, match="taken") as caught:
            add(other, "ONE")
        assert "tektra models rm one" in caught.value.hint
    assert catalog.list() == [first]
    assert files_in(catalog.models_dir / "blobs") == {Path(first.path).name}


@pytest.mark.parametrize(
    "name", ["", "-x", ".x", "a/b", "a b", "a..b", "x" * 101, "a.json", "a.JSON", "a\n", "ä", "../x", "a\0b"]
)
def test_impossible_names_are_refused(catalog: Catalog, file: Path, name: str) -> None:
    with pytest.raises(BadModelName):
        catalog.add_link(file, name)
    assert not catalog.models_dir.exists()


@pytest.mark.parametrize(
    ("file_name", "name"),
    [
        ("Qwen2.5 (0.5B)-Q4_K_M.gguf", "qwen2.5-0.5b-q4_k_m"),
        ("..hidden..gguf", "hidden"),
        ("模型-7b.gguf", "7b"),
        ("x" * 150 + ".gguf", "x" * 100),
    ],
)
def test_a_name_is_made_from_the_file_name(catalog: Catalog, tmp_path: Path, file_name: str, name: str) -> None:
    assert catalog.add_link(write_gguf(tmp_path / file_name)).name == name


def test_removing_a_link_frees_nothing_and_keeps_the_file(catalog: Catalog, file: Path) -> None:
    catalog.add_link(file, "one")
    assert catalog.remove("ONE") == 0
    assert file.exists()
    assert catalog.list() == []


def test_removing_a_copy_frees_its_bytes_when_nobody_else_uses_them(catalog: Catalog, file: Path) -> None:
    catalog.add_copy(file, "one")
    path = Path(catalog.add_copy(file, "two").path)
    assert catalog.remove("one") == 0
    assert path.exists()
    assert catalog.remove("two") == file.stat().st_size
    assert not path.exists()


def test_a_damaged_manifest_still_protects_the_file_it_mentions(catalog: Catalog, file: Path) -> None:
    catalog.add_copy(file, "one")
    path = Path(catalog.add_copy(file, "two").path)
    damaged = catalog.models_dir / "one.json"
    damaged.write_bytes(damaged.read_bytes()[:-20])
    assert catalog.remove("two") == 0
    assert path.exists()


def test_a_damaged_manifest_is_left_out_with_a_warning(
    catalog: Catalog, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = catalog.add_link(file, "good")
    (catalog.models_dir / "bad.json").write_bytes(b'{"schema": "tektra.manifest/1", "model": {')
    (catalog.models_dir / "odd.json").write_bytes(b'{"schema": "tektra.manifest/2", "model": {}}')
    (catalog.models_dir / "moved.json").write_bytes((catalog.models_dir / "good.json").read_bytes())
    (catalog.models_dir / "folder.json").mkdir()
    with caplog.at_level(logging.WARNING):
        assert catalog.list() == [good]
    assert {record.levelname for record in caplog.records} == {"WARNING"}
    assert len(caplog.records) == 4


def test_a_model_whose_file_is_gone_is_listed_as_missing_and_refused_at_use(catalog: Catalog, file: Path) -> None:
    catalog.add_link(file, "one")
    file.unlink()
    assert [model.missing for model in catalog.list()] == [True]
    with pytest.raises(ModelFileMissing, match="is gone") as caught:
        catalog.spec("one")
    assert "tektra models rm one" in caught.value.hint
    assert catalog.remove("one") == 0


def test_a_model_in_a_folder_that_is_closed_to_us_is_denied_and_hides_no_other(
    reachable: Path,
) -> None:
    reachable.chmod(0o755)
    closed, models = reachable / "closed", reachable / "models"
    closed.mkdir()
    catalog = Catalog(models, built_in_file=reachable / "none")
    catalog.add_link(write_gguf(closed / "hidden.gguf"))
    catalog.add_link(write_gguf(reachable / "open.gguf"))
    models.chmod(0o755)
    for manifest in models.glob("*.json"):
        manifest.chmod(0o644)
    closed.chmod(0)
    with without_rights():
        assert {model.name: model.missing for model in catalog.list()} == {"hidden": True, "open": False}
        with pytest.raises(PermissionDenied, match="cannot be reached") as caught:
            catalog.spec("hidden")
    closed.chmod(0o755)
    assert "ls -ld" in caught.value.hint


def test_a_spec_has_the_trained_context_unless_asked_for_less(catalog: Catalog, tmp_path: Path) -> None:
    catalog.add_link(write_gguf(tmp_path / "small.gguf", context=512))
    catalog.add_link(write_gguf(tmp_path / "long.gguf", context=131_072))
    assert catalog.spec("small").context == 512
    assert catalog.spec("small", context=128, slots=3).slots == 3
    assert catalog.spec("long").context == 4096
    assert catalog.spec("long", context=100_000).context == 100_000
    assert catalog.spec("LONG").name == "long"
    for context in (0, -1, 513):
        with pytest.raises(BadRequest, match="context"):
            catalog.spec("small", context=context)


def test_a_script_is_a_model_of_the_scripted_backend(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "Echo.scripted.json").write_text(SCRIPT)
    linked = catalog.add_link(tmp_path / "Echo.scripted.json")
    copied = catalog.add_copy(tmp_path / "Echo.scripted.json", "copy")
    assert (linked.name, linked.format, linked.size_bytes) == ("echo", "scripted", len(SCRIPT))
    assert copied.path.endswith(".scripted.json")
    assert catalog.spec("echo").backend == catalog.spec("copy").backend == "scripted"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": "other/1"}', "x" * 2_000_000])
def test_a_file_that_only_calls_itself_a_script_is_refused(catalog: Catalog, tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.scripted.json").write_text(content)
    with pytest.raises(BadModelFile):
        catalog.add_link(tmp_path / "bad.scripted.json")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"split.count": 2}, "2 parts"),
        ({"general.type": "adapter"}, "an addition"),
        ({"general.type": "mmproj"}, "add"),
    ],
)
def test_parts_and_additions_are_not_imported(
    catalog: Catalog, tmp_path: Path, extra: dict[str, object], words: str
) -> None:
    path = write_gguf(tmp_path / "part.gguf", extra=extra)
    for add in (catalog.add_link, catalog.add_copy):
        with pytest.raises(BadModelFile, match=words):
            add(path)
    assert catalog.list() == []


def test_a_full_disk_leaves_no_half_copy(catalog: Catalog, file: Path) -> None:
    catalog.models_dir.mkdir()
    with files_limited_to(20_000), pytest.raises(DiskFull, match="Nothing was kept") as caught:
        catalog.add_copy(file, "one")
    assert "ulimit -f" in caught.value.hint
    assert files_in(catalog.models_dir) == set()


def test_a_full_disk_leaves_the_old_manifest(catalog: Catalog, file: Path, tmp_path: Path) -> None:
    model = catalog.add_link(file, "one")
    other = tmp_path / "other.gguf"
    other.symlink_to(file)
    with files_limited_to(10), pytest.raises(DiskFull):
        catalog.add_link(other, "one")
    assert catalog.list() == [model]
    assert files_in(catalog.models_dir) == {"one.json"}


def test_a_copy_that_a_dead_process_left_is_swept(catalog: Catalog, file: Path) -> None:
    blobs = catalog.models_dir / "blobs"
    blobs.mkdir(parents=True)
    (blobs / ".copy-left").write_bytes(b"half")
    catalog.add_copy(file, "one")
    assert not (blobs / ".copy-left").exists()


def test_a_path_that_is_no_text_is_refused(catalog: Catalog, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.gguf"))
    write_gguf(path)
    with pytest.raises(BadModelFile, match="UTF-8"):
        catalog.add_link(path, "cafe")
    assert catalog.list() == []


def test_the_built_in_model_comes_first_and_stays(tmp_path: Path, file: Path) -> None:
    starter = write_gguf(tmp_path / "starter.gguf")
    catalog = Catalog(tmp_path / "models", built_in_file=starter)
    catalog.add_link(file, "another")
    assert [(model.name, model.source) for model in catalog.list()] == [(BUILT_IN, "built-in"), ("another", "linked")]
    with pytest.raises(Unsupported, match="cannot be removed"):
        catalog.remove("Tektra-Starter")
    with pytest.raises(ModelExists):
        catalog.add_link(file, BUILT_IN)
    assert starter.exists()


def test_the_built_in_model_is_read_again_only_when_its_file_changes(tmp_path: Path) -> None:
    starter = write_gguf(tmp_path / "starter.gguf")
    catalog = Catalog(tmp_path / "models", built_in_file=starter)
    (first,) = catalog.list()
    assert catalog.list()[0] is first
    write_gguf(starter, layers=3)
    assert catalog.list()[0].parameters > first.parameters


def test_without_its_file_the_built_in_model_is_not_listed(catalog: Catalog) -> None:
    assert catalog.list() == []


def test_a_directory_that_cannot_be_made_is_said_so(tmp_path: Path, file: Path) -> None:
    (tmp_path / "in-the-way").write_bytes(b"")
    with pytest.raises(ModelError, match="in-the-way failed: File exists") as caught:
        Catalog(tmp_path / "in-the-way").add_link(file)
    assert caught.value.code == "model_error"


@pytest.mark.parametrize(
    ("number", "code", "hint"),
    [
        (errno.ENOSPC, "disk_full", "Free some space there"),
        (errno.EDQUOT, "disk_full", "Free some space there"),
        (errno.EFBIG, "disk_full", "ulimit -f"),
        (errno.EACCES, "permission_denied", "who may write there"),
        (errno.EPERM, "permission_denied", "who may write there"),
        (errno.EROFS, "permission_denied", "Make it writable"),
        (errno.EIO, "model_error", "what you expect"),
    ],
)
def test_a_write_that_failed_is_called_by_its_cause(number: int, code: str, hint: str) -> None:
    error = write_failed(OSError(number, os.strerror(number)), Path("/models"), "Nothing was kept.")
    assert error.message == f"Writing to /models failed: {os.strerror(number)}. Nothing was kept."
    assert (error.code, hint in error.hint) == (code, True)


def test_a_models_folder_that_may_not_be_made_is_denied(reachable: Path) -> None:
    with without_rights(), pytest.raises(PermissionDenied, match=f"Writing to {reachable / 'models'} failed"):
        Catalog(reachable / "models").blob("0" * 64)


def test_downloads_that_nobody_went_on_with_are_swept_and_those_under_way_stay(catalog: Catalog) -> None:
    blobs = catalog.blob("0" * 64).parent
    for name in ("old.part", "old.part.json", "new.part", "locked.part", "old.gguf"):
        (blobs / name).write_bytes(b"x")
        if not name.startswith("new"):
            os.utime(blobs / name, (1000, 1000))
    (blobs / "elsewhere.part").symlink_to(blobs / "old.gguf")
    with (blobs / "locked.part").open("rb") as pulled:
        fcntl.flock(pulled, fcntl.LOCK_EX)
        assert catalog.sweep(before=2000) == ("old.part",)
    assert {path.name for path in blobs.iterdir()} == {"new.part", "locked.part", "old.gguf", "elsewhere.part"}
