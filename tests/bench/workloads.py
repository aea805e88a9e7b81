"""What servers are measured on: the same requests for each, and the figures that come of them."""

from __future__ import annotations

import json
import random
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from llama_cpp import Llama
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tests.bench.comparison import Figures
from tests.bench.drafts import prompt_holding
from tests.bench.gaps import gaps_beside, p99
from tests.bench.random_model import made_up_text
from tests.bench.requests import MODEL, Answer, Request, Server, ask, at_once, completion

OWN_TOKENS = 20
COMMON = """\
time year people way day man thing woman life child world school state family student group country problem
hand part place case week company system program question work government number night point home water room
mother area money story fact month lot right study book eye job word business issue side kind head house
service friend father power hour game line end member law car
"""
"""Words of which each is one token of Qwen's vocabulary, with the space before it."""


class Texts:
    """The texts of one measurement: the same for every server, and others for every number."""

    def __init__(self, number: int) -> None:
        self._chance = random.Random(number)
        self.counting = 1000 * (1 + number % 48)
        """A token of the made-up vocabulary from which there are a thousand that no text near it counts."""

    def of(self, tokens: int) -> str:
        """A text of so many tokens."""
        return "".join(f" {word}" for word in self._chance.choices(COMMON.split(), k=tokens))

    def uncounted(self, tokens: int) -> list[int]:
        """So many tokens of the made-up vocabulary in no order."""
        return self._chance.choices(range(50_000, 150_000), k=tokens)


@dataclass(frozen=True)
class Sizes:
    """How much of everything, in tokens; and calls held to a schema."""

    prompt: int = 256
    written: int = 96
    short_prompt: int = 32
    shared: int = 1300
    long_prompt: int = 2700
    beside: int = 120
    conversation: int = 4000
    repeated: int = 300
    calls: int = 3
    read: int = 1024
    read_written: int = 128


QUICK = Sizes(
    prompt=32,
    written=12,
    short_prompt=8,
    shared=100,
    long_prompt=300,
    beside=24,
    conversation=300,
    repeated=60,
    calls=1,
    read=64,
    read_written=12,
)
"""To see whether everything works; the figures say nothing."""


def one_stream(server: Server, sizes: Sizes, texts: Texts) -> Figures:
    """One answer: its first token, and how fast the others follow."""
    (answer,) = _written(server, [texts.of(sizes.prompt)], sizes.prompt, sizes.written)
    return {"decode_tokens_per_s": (sizes.written - 1) / answer.decode_s, "first_token_s": answer.first_s}


def read_and_written(server: Server, sizes: Sizes, texts: Texts) -> Figures:
    """One long prompt and one answer, each in tokens per second, of a model with the made-up vocabulary."""
    (answer,) = ask(server, [completion(texts.uncounted(sizes.read), sizes.read_written)])
    decode = (sizes.read_written - 1) / answer.decode_s
    return {"prompt_tokens_per_s": sizes.read / answer.first_s, "decode_tokens_per_s": decode}


def eight_streams(server: Server, sizes: Sizes, texts: Texts) -> Figures:
    """Eight answers at once, prompts included."""
    prompts = [texts.of(sizes.short_prompt) for _ in range(8)]
    answers = _written(server, prompts, sizes.short_prompt, sizes.written)
    took = max(answer.ended for answer in answers) - min(answer.asked for answer in answers)
    return {"total_tokens_per_s": len(answers) * sizes.written / took}


def _written(server: Server, prompts: list[str], read: int, written: int) -> list[Answer]:
    """Answers of so many tokens to prompts of so many; a server that counts has to agree."""
    answers = ask(server, [completion(prompt, written) for prompt in prompts])
    for usage in (answer.usage for answer in answers if answer.usage):
        if (usage["prompt_tokens"], usage["completion_tokens"]) != (read, written):
            raise RuntimeError(f"{read} tokens should have been read and {written} written: {usage}")
    return answers


def shared_beginning(server: Server, sizes: Sizes, texts: Texts) -> Figures:
    """Eight requests at once that begin alike: when the last of them has its first token."""
    shared = texts.of(sizes.shared)
    _, took = at_once(server, [shared + texts.of(OWN_TOKENS) for _ in range(8)], 1)
    return {"first_token_s": took}


def long_prompt_beside(server: Server, sizes: Sizes, texts: Texts) -> Figures:
    """Four answers of the model that counts, while a long prompt arrives: how long they wait, and how long it does.

    Its words are whole characters, so that each token is heard when it is written.
    """
    begins = range(texts.counting, texts.counting + 1000, 250)
    running = [completion(list(range(begin, begin + OWN_TOKENS)), sizes.beside) for begin in begins]
    gaps, took = gaps_beside(server, completion(texts.uncounted(sizes.long_prompt), 1), running)
    return {"p99_gap_s": p99(gaps), "first_token_s": took, "gaps": len(gaps)}


class Booking(BaseModel):
    """What a call is to give: keys that are long and fixed, values of which each has an end."""

    model_config = ConfigDict(extra="forbid")

    preferred_departure_airport_code: Literal["BER", "LHR", "JFK", "NRT"]
    preferred_destination_airport_code: Literal["CDG", "SFO", "SIN", "GRU"]
    number_of_adult_passengers_travelling: Annotated[int, Field(ge=1, le=9)]
    number_of_checked_pieces_of_luggage: Annotated[int, Field(ge=0, le=9)]
    accepts_connections_that_last_overnight: bool
    requires_wheelchair_assistance_at_the_gate: bool
    category_of_the_seat_that_is_preferred: Literal["window", "middle", "aisle"]
    comment_for_the_travel_agency: Annotated[str, Field(max_length=12)]


LIKELY = Booking(
    preferred_departure_airport_code="BER",
    preferred_destination_airport_code="SIN",
    number_of_adult_passengers_travelling=2,
    number_of_checked_pieces_of_luggage=1,
    accepts_connections_that_last_overnight=True,
    requires_wheelchair_assistance_at_the_gate=False,
    category_of_the_seat_that_is_preferred="aisle",
    comment_for_the_travel_agency="soon",
)
CALL_TOKENS = 400
"""More than any answer that keeps to the schema can have, but for white space."""
FAVOUR = 8.0
"""For each byte of a token."""


def likely_tokens(model: Path) -> dict[str, float]:
    """A bias for the tokens of a call as real models write it, the longest first.

    Random weights cut keys into many more, and fill what the grammars of others allow with white space.
    """
    vocabulary = Llama(str(model), vocab_only=True, verbose=False)
    tokens = vocabulary.tokenize(json.dumps(LIKELY.model_dump()).encode(), add_bos=False)
    return {str(token): FAVOUR * len(vocabulary.detokenize([token])) for token in tokens}


def schema_calls(likely: dict[str, float], form: str, server: Server, sizes: Sizes, texts: Texts) -> Figures:
    """Calls held to a JSON schema, one after the other: seconds for each, and how many keep to it."""
    answers = [ask(server, [_call(likely, form, texts.of(OWN_TOKENS))])[0] for _ in range(sizes.calls)]
    return {
        "call_s": statistics.median(answer.ended - answer.asked for answer in answers),
        "valid_share": sum(_is_valid(answer.text) for answer in answers) / len(answers),
        "tokens": statistics.median(answer.tokens for answer in answers),
    }


def _call(likely: dict[str, float], form: str, said: str) -> Request:
    schema = Booking.model_json_schema()
    forms = {
        "json_schema": {"type": "json_schema", "json_schema": {"name": "booking", "strict": True, "schema": schema}},
        "json_object": {"type": "json_object", "schema": schema},
    }
    return "/v1/chat/completions", json.dumps({
        "model": MODEL, "messages": [{"role": "user", "content": f"Book it:{said}"}], "response_format": forms[form],
        "max_tokens": CALL_TOKENS, "temperature": 0, "stream": True, "stream_options": {"include_usage": True},
        "logit_bias": likely,
    }).encode()  # fmt: skip


def _is_valid(text: str) -> bool:
    try:
        Booking.model_validate_json(text)
    except ValidationError:
        return False
    return True


def repeated_text(edited: int, server: Server, sizes: Sizes, texts: Texts) -> Figures:
    """An answer of the model that counts; the prompt holds it, but for one token in `edited` (0: none, 1: all)."""
    prompt = prompt_holding(sizes.repeated, texts.counting, edited)
    (answer,) = ask(server, [completion(prompt, sizes.repeated)])
    behind = prompt[-1] + 1
    if answer.text != made_up_text(range(behind, behind + sizes.repeated)):
        raise RuntimeError(f"the model counts, but this was written: {answer.text}")
    return {"decode_tokens_per_s": (sizes.repeated - 1) / answer.decode_s}
