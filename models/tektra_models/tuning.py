"""What was timed on a machine, and what follows from it: values and choices, pure.

A type is as fast as the turn that it makes possible: a prompt of a thousand tokens and an answer of two hundred and
fifty. Only types of one class are compared, and within a class those that differ by less than `NOTICEABLE` count as
equally fast: then the one goes first that loses less.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, cast

import msgspec

from tektra_models.spec import FlashAttention

CLASSES: Mapping[str, tuple[str, ...]] = {
    "2-bit": ("Q2_K",),
    "3-bit": ("Q3_K_L", "Q3_K_M", "Q3_K_S"),
    "4-bit": ("Q4_K_M", "Q4_K_S", "IQ4_NL", "Q4_1", "IQ4_XS", "Q4_0"),
    "5-bit": ("Q5_K_M", "Q5_K_S", "Q5_1", "Q5_0"),
    "6-bit": ("Q6_K",),
    "8-bit": ("Q8_0",),
    "16-bit": ("F16", "BF16"),
}
"""Types of about the same quality; in each class those that are known to lose less stand first."""
TIMED = ("Q4_K_M", "IQ4_NL", "Q4_0", "Q4_K_S", "Q8_0", "Q5_K_M", "Q5_0", "Q6_K")
"""What is timed where nobody says otherwise."""
CUSTOMARY = "Q4_K_M"
"""What people take who do not choose."""
NOTICEABLE = 1.05
"""By how much something has to be faster before it is preferred."""
WORTH_TELLING = 1.15
READ, WRITTEN = 1000, 250
QUIET, FULL = 0.5, 1.0
"""Processes for each core that want to compute: up to so many blur no figures; from so many on there are none."""

Setting = Literal["threads", "micro_batch", "flash_attention", "kv_type"]


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens a second: of a prompt that is read, and of an answer that is written by itself."""

    prompt_per_s: float
    written_per_s: float

    @property
    def turn_s(self) -> float:
        """Seconds that a usual turn takes."""
        return READ / self.prompt_per_s + WRITTEN / self.written_per_s


class Speed(Timed, frozen=True, kw_only=True):
    """How fast files of one type are here, and what the type costs."""

    quantization: str
    bits_per_weight: float
    perplexity: float | None = None
    """How surprised the model is by the given text, in this type."""


class Trial(Timed, frozen=True, kw_only=True):
    """How fast the chosen type was with one setting changed."""

    setting: Setting
    value: int | str


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that a load uses from now on; 0 and "auto": nothing was noticeably better than the usual."""

    threads: int = 0
    micro_batch: int = 0
    flash_attention: FlashAttention = "auto"

    @property
    def found(self) -> dict[str, int | str]:
        """Only those that are better than the usual."""
        usual = msgspec.structs.asdict(Best())
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value != usual[name]}


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """On what perplexities were measured, and what they are compared with."""

    name: str
    tokens: int
    original: str
    """The type of the file that all others were made of."""
    perplexity: float


class Tuning(msgspec.Struct, frozen=True, kw_only=True):
    """All that one tuning found."""

    model: str | None
    """Whose shape was timed; none: that of a model of half a billion weights."""
    weights: int
    layers: int
    of_layers: int
    """How many it has; where only the first were timed, speeds are reckoned up to all of them."""
    speeds: tuple[Speed, ...]
    trials: tuple[Trial, ...]
    chosen: str
    """The type with which the settings were tried: the fastest of the customary class."""
    best: Best
    seconds: float
    load_average: float
    """How many processes wanted to compute when it began; more than a few tenths of the cores blur the figures."""
    text: Text | None = None


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """A type of the same class that is clearly faster here, and how many times as fast a usual turn is with it."""

    quantization: str
    ratio: float


def class_of(quantization: str | None) -> tuple[str, ...]:
    """The types of a type's class, itself among them; empty for types that are in none."""
    return next((types for types in CLASSES.values() if quantization in types), ())


def ranked(speeds: Iterable[Speed], types: Collection[str]) -> list[Speed]:
    """Of these types those that were timed, the best choice first."""
    left = [speed for speed in speeds if speed.quantization in types]
    order: list[Speed] = []
    while left:
        fastest = min(speed.turn_s for speed in left)
        alike = [speed for speed in left if speed.turn_s <= fastest * NOTICEABLE]
        best = min(alike, key=_loss)
        order.append(best)
        left.remove(best)
    return order


def _loss(speed: Speed) -> tuple[float, int]:
    """What a type loses: as measured, else by its place in its class."""
    return speed.perplexity or 0.0, class_of(speed.quantization).index(speed.quantization)


def preference(speeds: Sequence[Speed], customary: Sequence[str]) -> tuple[str, ...]:
    """The customary order of types, but within each class those first that are fastest here."""
    order: list[str] = []
    for usual in customary:
        order += [speed.quantization for speed in ranked(speeds, class_of(usual))]
        order.append(usual)
    return tuple(dict.fromkeys(order))


def advice(speeds: Sequence[Speed], instead_of: str | None, available: Collection[str] | None = None) -> Advice | None:
    """The best type of the same class (among those available), if it is clearly faster."""
    timed = {speed.quantization: speed for speed in speeds}
    alike = [name for name in class_of(instead_of) if available is None or name in available]
    order = ranked(speeds, alike)
    if instead_of is None or instead_of not in timed or not order:
        return None
    ratio = timed[instead_of].turn_s / order[0].turn_s
    return Advice(quantization=order[0].quantization, ratio=round(ratio, 2)) if ratio > WORTH_TELLING else None


def disturbance(load_average: float, cores: int) -> Literal["none", "some", "too much"]:
    """What else a machine does: threads that share a core wait for each other far longer than they compute."""
    load = load_average / cores
    return "none" if load <= QUIET else "some" if load <= FULL else "too much"


def best_settings(trials: Sequence[Trial]) -> Best:
    """What was noticeably better than the usual; of each setting the usual value was tried first."""
    return Best(
        threads=int(_better(trials, "threads") or 0),
        micro_batch=int(_better(trials, "micro_batch") or 0),
        flash_attention=cast(FlashAttention, _better(trials, "flash_attention") or "auto"),
    )


def _better(trials: Sequence[Trial], setting: Setting) -> int | str | None:
    """The fastest value of a setting, unless the usual one is about as fast."""
    tried = [trial for trial in trials if trial.setting == setting]
    if not tried:
        return None
    best = min(tried, key=lambda trial: trial.turn_s)
    return best.value if noticeably_faster(best, tried[0]) else None


def noticeably_faster(one: Timed, other: Timed) -> bool:
    """Whether the difference is more than chance."""
    return other.turn_s > one.turn_s * NOTICEABLE
