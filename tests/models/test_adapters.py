"""LoRA adapters: the merged weights' answers, other states on disk, and wrong files refused by their headers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tektra_models.adapters import check_adapter
from tektra_models.backend import Feed, Sheet
from tektra_models.catalog import Catalog
from tektra_models.errors import BadModelFile, ModelExists, ModelFileMissing, Unsupported
from tektra_models.fit import estimate
from tektra_models.generation import Sampling
from tektra_models.gguf import Header, Tensor, read_header
from tektra_models.spec import Adapter, Spec
from tektra_models.worker import open_backend
from tests.bench.random_model import TINY, _write_f16
from tests.loras import Pairs, random_pairs, write_adapter

QUERY, DOWN = "blk.0.attn_q.weight", "blk.1.ffn_down.weight"
SIZES = {QUERY: (TINY.width, TINY.width), DOWN: (TINY.width, TINY.hidden)}
ALPHA, RANK = 8.0, 4
PAIRS = random_pairs(SIZES, RANK)
TOKENS = [5, 17, 300, 42, 7]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "base.gguf"
    _write_f16(TINY, path, counting=False)
    return path


def merged(path: Path, scale: float) -> Path:
    """The base with what the adapter adds, in one file."""
    factor = scale * ALPHA / RANK
    _write_f16(TINY, path, counting=False, added={name: factor * (b @ a) for name, (a, b) in PAIRS.items()})
    return path


def chances(path: Path, *adapters: Adapter) -> Any:
    """Log probabilities of every token behind TOKENS."""
    backend = open_backend(Spec(name="m", path=str(path), context=64, threads=1, adapters=adapters))
    sheet = Sheet(backend.vocabulary)
    sampler = backend.sampler(Sampling(temperature=0.0), TOKENS)
    backend.decode([Feed(0, TOKENS, 0, sampler, sheet=sheet)])
    backend.free_sampler(sampler)
    backend.close()
    found = dict(sheet.rows[0][2])
    return np.array([found[token] for token in range(TINY.vocabulary)])


@pytest.mark.parametrize("scale", [1.0, 0.5, -1.0])
def test_an_adapter_gives_what_the_merged_weights_give(base: Path, tmp_path: Path, scale: float) -> None:
    adapter = write_adapter(tmp_path / "a.gguf", PAIRS, alpha=ALPHA)
    adapted = chances(base, Adapter(path=str(adapter), scale=scale))
    expected = chances(merged(tmp_path / "merged.gguf", scale))
    assert np.abs(adapted - expected).max() < 0.02
    assert np.abs(adapted - chances(base)).max() > 0.2  # else anything would be close


def test_an_adapter_that_does_not_count_changes_nothing(base: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "a.gguf", PAIRS)
    assert (chances(base, Adapter(path=str(adapter), scale=0.0)) == chances(base)).all()


def test_adapters_add_up(base: Path, tmp_path: Path) -> None:
    parts = [{name: PAIRS[name]} for name in (QUERY, DOWN)]
    files = [write_adapter(tmp_path / f"{at}.gguf", part, alpha=ALPHA) for at, part in enumerate(parts)]
    whole = write_adapter(tmp_path / "whole.gguf", PAIRS, alpha=ALPHA)
    together = chances(base, *(Adapter(path=str(file)) for file in files))
    assert np.abs(together - chances(base, Adapter(path=str(whole)))).max() < 1e-3


def test_an_adapter_changes_vectors_too(base: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "a.gguf", PAIRS)
    specs = [
        Spec(name="m", path=str(base), context=64, adapters=given) for given in ((), (Adapter(path=str(adapter)),))
    ]
    vectors = []
    for spec in specs:
        backend = open_backend(spec)
        vectors.append(backend.embed(TOKENS))
        backend.close()
    assert vectors[0] != pytest.approx(vectors[1], abs=0.01)


EMBEDDING = {"token_embd.weight": (np.ones((TINY.vocabulary, 4), "f4"), np.ones((TINY.width, 4), "f4"))}


def test_embeddings_can_be_adapted_where_the_output_has_weights_of_its_own(base: Path, tmp_path: Path) -> None:
    untied = tmp_path / "untied.gguf"
    _write_f16(TINY, untied, counting=True)
    adapter = Adapter(path=str(write_adapter(tmp_path / "e.gguf", EMBEDDING)))
    assert np.abs(chances(untied, adapter) - chances(untied)).max() > 0.2


@pytest.mark.parametrize(("experts", "fits"), [(8, True), (7, False)])
def test_experts_have_a_pair_each(experts: int, fits: bool) -> None:
    name = "blk.0.ffn_up_exps.weight"
    base = Header(Path("base"), 3, 0, {"general.architecture": "llama"}, (Tensor(name, (64, 96, 8), "F16", 0),))
    facts = {"general.architecture": "llama", "general.type": "adapter", "adapter.type": "lora"}
    pair = (("lora_a", (64, 4, experts)), ("lora_b", (4, 96, experts)))
    adapter = Header(Path("a"), 3, 0, facts, tuple(Tensor(f"{name}.{end}", shape, "F16", 0) for end, shape in pair))
    if fits:
        check_adapter(adapter, base)
    else:
        with pytest.raises(BadModelFile, match="64×4×7"):
            check_adapter(adapter, base)


Change = Callable[[Path], Path]


def wrong(pairs: Pairs = PAIRS, **fields: Any) -> Change:
    return lambda path: write_adapter(path, pairs, **fields)


A, B = PAIRS[QUERY]
WRONG: dict[str, tuple[Change, str]] = {
    "a model": (wrong(kind="model"), "a whole model"),
    "a projector": (wrong(kind="mmproj"), "something else"),
    "no LoRA": (wrong(form="control_vector"), "no LoRA"),
    "strong as a word": (wrong(alpha="much"), "strength 'much'"),
    "endlessly strong": (wrong(alpha=float("inf")), "strength inf"),
    "an activated one": (wrong(invoked=True), "activated LoRA"),
    "another family": (wrong(architecture="qwen2"), '"qwen2" models'),
    "nothing": (wrong({}), "changes nothing"),
    "only norms": (wrong({}, others={"output_norm.weight": A[0]}), "changes nothing"),
    "half a pair": (wrong({}, others={f"{QUERY}.lora_a": A}), "only one of two"),
    "a foreign weight": (wrong({"blk.9.attn_q.weight": PAIRS[QUERY]}), "does not have"),
    "a foreign tensor": (wrong(others={"blk.0.attn_q.weight": A}), "belongs to no pair"),
    "too few columns": (wrong({QUERY: (A[:, :-32], B)}), "other sizes"),
    "too few rows": (wrong({QUERY: (A, B[:-1])}), "other sizes"),
    "tied embeddings": (wrong(EMBEDDING), "for its output too"),
    "two ranks": (wrong({QUERY: (A[:-1], B)}), "other sizes"),
    "the wrong way round": (wrong({QUERY: (A.T, B.T)}), "other sizes"),
    "one dimension": (wrong({QUERY: (A[0], B[:, 0])}), "other sizes"),
    "integers": (wrong({QUERY: (A.astype("i4"), B.astype("i4"))}), "I32"),
}


@pytest.mark.parametrize(("write", "reason"), WRONG.values(), ids=WRONG.keys())
def test_a_file_that_is_no_adapter_for_the_model_is_refused_before_it_is_opened(
    base: Path, tmp_path: Path, write: Change, reason: str
) -> None:
    path = write(tmp_path / "wrong.gguf")
    with pytest.raises(BadModelFile, match=reason) as refused:
        open_backend(Spec(name="m", path=str(base), context=64, adapters=(Adapter(path=str(path)),)))
    assert str(path) in refused.value.message


def test_a_truncated_adapter_is_refused(base: Path, tmp_path: Path) -> None:
    path = write_adapter(tmp_path / "a.gguf", PAIRS)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BadModelFile, match="cut short"):
        open_backend(Spec(name="m", path=str(base), context=64, adapters=(Adapter(path=str(path)),)))


def test_the_estimate_counts_adapters(base: Path, tmp_path: Path) -> None:
    adapter = read_header(write_adapter(tmp_path / "a.gguf", PAIRS))
    plain, adapted = (estimate(read_header(base), 64, 1, 32, adapters=given) for given in ((), (adapter, adapter)))
    assert adapted.total_bytes - plain.total_bytes == 2 * sum(a.nbytes + b.nbytes for a, b in PAIRS.values())


@pytest.fixture
def catalog(base: Path, tmp_path: Path) -> Catalog:
    catalog = Catalog(tmp_path / "models")
    catalog.add_copy(base, "base")
    return catalog


@pytest.fixture
def adapter(tmp_path: Path) -> Adapter:
    return Adapter(path=str(write_adapter(tmp_path / "style.gguf", PAIRS)))


def test_an_adapted_model_has_a_name_of_its_own_and_shares_the_file(catalog: Catalog, adapter: Adapter) -> None:
    model = catalog.add_adapted("BASE", [adapter])
    assert (model.name, model.source, model.origin) == ("base-style", "adapted", "base")
    assert catalog.get("base-style") == model
    assert catalog.spec("base-style").adapters == (adapter,)
    assert catalog.spec("base-style").path == catalog.spec("base").path
    twice = catalog.add_adapted("base-style", [adapter], "twice")
    assert (twice.origin, twice.adapters) == ("base-style", (adapter, adapter))


def test_the_digest_tells_adapted_models_apart(catalog: Catalog, adapter: Adapter) -> None:
    half = Adapter(path=adapter.path, scale=0.5)
    catalog.add_adapted("base", [adapter], "whole")
    catalog.add_adapted("base", [half], "half")
    digests = [catalog.spec(name).digest for name in ("base", "whole", "half")]
    path = Path(adapter.path)
    write_adapter(path, {QUERY: PAIRS[QUERY]})
    assert len({*digests, catalog.spec("whole").digest}) == 4


def test_a_name_that_is_taken_by_the_same_file_without_the_adapter_stays_what_it_is(
    catalog: Catalog, adapter: Adapter, base: Path
) -> None:
    with pytest.raises(ModelExists):
        catalog.add_adapted("base", [adapter], "base")
    model = catalog.add_adapted("base", [adapter])
    with pytest.raises(ModelExists):
        catalog.add_copy(base, model.name)
    assert model.sha256 is not None
    with pytest.raises(ModelExists):
        catalog.ensure_free(model.name, model.sha256)
    assert catalog.add_adapted("base", [adapter]) == model


def test_the_weights_stay_as_long_as_one_model_needs_them(catalog: Catalog, adapter: Adapter) -> None:
    model = catalog.add_adapted("base", [adapter])
    assert catalog.remove("base") == 0
    assert not catalog.get(model.name).missing
    assert catalog.remove(model.name) > 0
    assert Path(adapter.path).exists()


def test_a_model_whose_adapter_is_gone_is_missing(catalog: Catalog, adapter: Adapter) -> None:
    model = catalog.add_adapted("base", [adapter])
    Path(adapter.path).unlink()
    assert catalog.get(model.name).missing
    with pytest.raises(ModelFileMissing, match=r"adapter of .* is gone: .*style"):
        catalog.spec(model.name)


def test_a_script_cannot_be_adapted(catalog: Catalog, adapter: Adapter, tmp_path: Path) -> None:
    script = tmp_path / "s.scripted.json"
    script.write_text('{"schema": "tektra.scripted/1", "replies": [{"say": "x"}]}')
    catalog.add_link(script, "script")
    with pytest.raises(Unsupported):
        catalog.add_adapted("script", [adapter])
