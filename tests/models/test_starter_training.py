"""Going on with the built-in model from its own file; needs the extra for training, and is skipped without."""

from __future__ import annotations

from pathlib import Path

import pytest

from tektra_models.starter import MODEL_PATH

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")

from tektra_models.starter.continuing import begin_from  # noqa: E402  these need torch
from tektra_models.starter.export import export  # noqa: E402
from tektra_models.starter.training import plan_of  # noqa: E402


def test_a_run_begun_from_the_built_in_file_exports_that_file_again(tmp_path: Path) -> None:
    from gguf import GGUFReader

    plan = plan_of("cpu", None, "starter-1")
    begin_from(MODEL_PATH, tmp_path, plan, "cpu", 11000)
    again = export(tmp_path, tmp_path / "again.gguf", "Q8_0")

    old, new = ({tensor.name: tensor for tensor in GGUFReader(path).tensors} for path in (MODEL_PATH, again))
    assert old.keys() == new.keys()
    for name, tensor in old.items():
        different = (tensor.data != new[name].data).mean()
        assert different < 0.001, name  # a block's scale may round to its neighbour
    assert torch.load(tmp_path / "checkpoint.pt", weights_only=True)["step"] == 11000
    with pytest.raises(ValueError, match="there already"):
        begin_from(MODEL_PATH, tmp_path, plan, "cpu", 11000)


def test_a_file_of_another_size_than_the_preset_is_refused(tmp_path: Path) -> None:
    with pytest.raises((ValueError, KeyError)):
        begin_from(MODEL_PATH, tmp_path, plan_of("tiny", None, "s"), "tiny", 0)
    assert not (tmp_path / "checkpoint.pt").exists()
