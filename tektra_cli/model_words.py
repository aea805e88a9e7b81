"""What the daemon says of models → words for people, the same on every surface. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tektra_cli import wording

Document = Mapping[str, Any]
_CHOSEN = {"tuned": "tuned", "request": "as asked for", "settings": "set"}


def facts(document: Document, when: Callable[[str], str]) -> list[tuple[str, str]]:
    """One model as names and values; `when` puts times into words."""
    model = document["model"]
    told = [
        ("name", model["name"]),
        ("source", model["source"] + (f" from {model['origin']}" if model["origin"] else "")),
        ("file", model["path"] + (" (missing)" if model["missing"] else "")),
        *(("adapter", f"{adapter['path']} (strength {adapter['scale']:g})") for adapter in model["adapters"]),
        ("size", wording.size(model["size_bytes"])),
        ("sha256", model["sha256"] or "-"),
        ("architecture", model["architecture"] or "-"),
        ("parameters", parameters(model["parameters"])),
        ("quantization", model["quantization"] or "-"),
        ("context", str(model["context_train"] or "-")),
        ("added", when(model["added_at"])),
        ("state", ", ".join(mark for mark in ("default", "loaded") if model[mark]) or "not loaded"),
    ]
    if document.get("settings"):
        told.append(("settings", in_force(document["settings"])))
    if document.get("estimate"):
        told.append(("memory", by_header(document["estimate"])))
    return told


def in_force(settings: Mapping[str, Document]) -> str:
    """How a model computes, and who chose what is not as usual."""
    return ", ".join(
        f"{name.replace('_', '-')} {chosen['value'] or 'auto'}"
        + (f" ({_CHOSEN[chosen['by']]})" if chosen["by"] in _CHOSEN else "")
        for name, chosen in settings.items()
    )


def parameters(count: int | None) -> str:
    """How many, in the largest unit that leaves at least one."""
    if not count:
        return "-"
    for unit, size in (("B", 1e9), ("M", 1e6), ("K", 1e3)):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return str(count)


def by_header(estimate: Document) -> str:
    """What a model would take, by its header."""
    total, weights = wording.size(estimate["total_bytes"]), wording.size(estimate["weights_bytes"])
    cache, buffers = wording.size(estimate["kv_bytes"]), wording.size(estimate["buffers_bytes"])
    return f"{total} with a context of {estimate['context']} (weights {weights}, cache {cache}, buffers {buffers})"


def estimated(document: Document) -> str:
    """What a model would take if it was loaded so, and whether that is free."""
    needed, free = wording.size(document["needed_bytes"]), wording.size(document["free_bytes"])
    how = "as measured" if document["measured"] else "by an estimate"
    fits = "it fits" if document["fits"] else "it does not fit"
    takes = needed + wording.beside(document["offload"])
    return f"{document['name']} takes {takes} with a context of {document['context']} ({how}); {free} free: {fits}"


def held(loaded: Document) -> str:
    """The memory that a loaded model has."""
    return wording.size(loaded["resident_bytes"] or loaded["promised_bytes"]) + wording.beside(loaded["offload"])


def expiry(loaded: Document) -> str:
    """When a loaded model leaves by itself."""
    if loaded["expires_in_s"] is not None:
        return f"in {wording.span(loaded['expires_in_s'])}"
    return "in use" if loaded["leases"] else "never"


def was_loaded(document: Document) -> str:
    """What loading came to."""
    model = document["model"]
    if model is None:
        return f"loaded in {document['load_seconds']:.1f} s, and gone again: nothing keeps it"
    took = f"{document['load_seconds']:.1f} s"
    return f"{model['name']} is in memory ({held(model)}, context {model['context']}, {took})"


def was_unloaded(document: Document) -> str:
    """What unloading came to."""
    return f"{document['name']} is out of memory, {wording.size(document['freed_bytes'])} freed"


def was_imported(document: Document) -> str:
    """What importing came to."""
    model = document["model"]
    return f"{model['name']} is ready to use ({model['source']}, {wording.size(model['size_bytes'])})"


def was_pulled(model: Document) -> str:
    """What a download came to."""
    return f"{model['name']} is ready to use ({wording.size(model['size_bytes'])})"


def was_removed(document: Document) -> str:
    """What removing came to."""
    freed = document["freed_bytes"]
    return f"removed {document['name']}" + (f", {wording.size(freed)} freed" if freed else "")


def removal(model: Document) -> str:
    """The question before a model is removed: it says what is lost."""
    if model["source"] == "adapted":
        return f'Remove the model "{model["name"]}"? Its adapters stay, and the weights while another model has them.'
    if model["source"] == "linked":
        return f'Remove the model "{model["name"]}"? The linked file stays.'
    return f'Remove the model "{model["name"]}" and delete its file of {wording.size(model["size_bytes"])}?'


def planned(plan: Document) -> str:
    """What a download is going to be."""
    resumed = f", resuming at {wording.size(plan['resumed_bytes'])}" if plan["resumed_bytes"] else ""
    return f"pulling {plan['file']} from {plan['repository']} ({wording.size(plan['total_bytes'])}{resumed})"


def progress(event: Document) -> tuple[float, str]:
    """How far a download is: the share, and words with the rate and the time left."""
    done, total, rate = event["done_bytes"], event["total_bytes"], event["bytes_per_s"]
    share = done / total if total else 0.0
    left = f"  {wording.span((total - done) / rate)} left" if rate and total else ""
    return share, f" {share:4.0%}  {wording.size(done)} of {wording.size(total)}  {wording.size(int(rate))}/s{left}"


def recommended(found: Document, how: str) -> str:
    """That a type of the same class is clearly faster here."""
    return f"{found['quantization']} is {found['ratio']:.2f} times as fast on this machine, in the same class: {how}"
