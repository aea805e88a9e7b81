"""What /metrics and the list of loaded models say adds up to what was asked."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.daemon.test_chat import chat
from tests.harness import Tektra


def figures(tektra: Tektra) -> dict[tuple[str, str], float]:
    """Each sample by its name and model."""
    with tektra.client() as client:
        answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    return {(sample.name, sample.labels.get("model", "")): sample.value for sample in samples}


def test_answers_tokens_and_loads_are_counted_by_model(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("counted", [{"say": "one two three"}])
    assert ("tektra_answers_total", model) not in figures(tektra)
    ends = [chat(tektra, content="hi", model=model)[-1]["usage"] for _ in range(3)]
    now = figures(tektra)
    assert now["tektra_answers_total", model] == 3
    assert now["tektra_loads_total", model] == 1
    assert now["tektra_completion_tokens_total", model] == sum(usage["completion_tokens"] for usage in ends)
    assert now["tektra_prompt_tokens_total", model] == sum(usage["prompt_tokens"] for usage in ends)
    assert now["tektra_cached_tokens_total", model] == sum(usage["cached_tokens"] for usage in ends)
    assert now["tektra_model_running", model] == 0
    assert now["tektra_models_loaded", ""] == 1
    with tektra.client() as client:
        (shown,) = client.get("/api/ps").json()["models"]
        client.post(f"/api/models/{model}/unload").raise_for_status()
    assert (shown["answers"], shown["completion_tokens"]) == (3, now["tektra_completion_tokens_total", model])
    assert shown["tokens_per_s"] > 0
    chat(tektra, content="hi", model=model)
    assert figures(tektra)["tektra_loads_total", model] == 2
    assert figures(tektra)["tektra_answers_total", model] == 4


def test_failures_are_counted(tektra: Tektra) -> None:
    model = tektra.start().import_scripted("dying", [{"say": "some words", "abort": 4}])
    assert chat(tektra, content="hi", model=model)[-1]["type"] == "error"
    assert figures(tektra)["tektra_failures_total", model] == 1
