"""What models really took decides, once it is known; two that fit only singly are not exchanged at every request."""

from __future__ import annotations

import itertools
import sqlite3
import threading

from tests.daemon.test_chat import chat
from tests.harness import Tektra

LONG = "apple, river, stone, cloud, " * 130


def loads(tektra: Tektra) -> list[tuple[int, int]]:
    """What was measured: context and bytes."""
    with sqlite3.connect(tektra.home / "data" / "tektra" / "tektra.db") as store:
        return store.execute("SELECT context, peak_bytes FROM loads ORDER BY context").fetchall()


def test_what_a_model_took_is_kept_and_promised_from_then_on(tektra: Tektra) -> None:
    tektra.start()
    promised = tektra.json("models", "load", "tektra-starter")["model"]["promised_bytes"]
    chat(tektra, content="hello", sampling={"max_tokens": 2})
    assert loads(tektra) == []
    chat(tektra, content=LONG, sampling={"max_tokens": 2})
    tektra.stop()
    ((context, measured),) = loads(tektra)
    assert measured > 10 << 20
    again = tektra.start().json("models", "load", "tektra-starter")["model"]
    assert again["context"] == context
    assert measured <= again["promised_bytes"] <= 1.1 * measured
    assert again["promised_bytes"] != promised
    smaller = tektra.json("models", "load", "tektra-starter", "--context", "512")["model"]
    assert smaller["promised_bytes"] != again["promised_bytes"]


def test_two_models_that_fit_only_singly_serve_two_users_without_an_exchange_at_every_request(tektra: Tektra) -> None:
    tektra.start(TEKTRA_MEMORY_BUDGET=str(100 << 20))
    models = [tektra.import_scripted(name, [{"say": "done"}], load_s=0.2) for name in ("one", "two")]
    answered: list[str] = []

    def user(model: str) -> None:
        for _ in range(12):
            events = chat(tektra, content="go", model=model)
            assert events[-1]["type"] == "finish", events[-1]
            answered.append(model)

    users = [threading.Thread(target=user, args=(model,)) for model in models]
    for one in users:
        one.start()
    for one in users:
        one.join()
    exchanges = sum(before != after for before, after in itertools.pairwise(answered))
    assert sorted(answered) == ["one"] * 12 + ["two"] * 12
    assert exchanges <= 12  # by turns it would be 23
