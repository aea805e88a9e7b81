"""Says what a file that is not GGUF looks like, so that the error can tell people what to do instead."""

from __future__ import annotations

import json

CONVERT = "Convert it with llama.cpp's convert_hf_to_gguf.py, or pull a GGUF version of the model."
CONVERT_FOLDER = "Convert the folder it lies in: tektra models quantize FOLDER new.gguf; or pull a GGUF version."
FETCH_AGAIN = "Download it again, and check that the link leads to the file itself."

_OLD_GGML = (b"lmgg", b"fmgg", b"tjgg", b"algg")


def looks_like(head: bytes) -> tuple[str, str]:
    """Return what the first bytes look like ("a …"), and the hint that goes with it."""
    if head.startswith(b"PK\x03\x04"):
        return "a zip archive (PyTorch saves checkpoints like this)", CONVERT
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "a Python pickle; pickles can run code, so they are never opened", CONVERT
    if _is_safetensors(head):
        return "a safetensors file", CONVERT_FOLDER
    if head[:4] in _OLD_GGML:
        return "a GGML file of the time before GGUF", CONVERT
    if head.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer, not the model itself", "Fetch the real file with: git lfs pull"
    if head.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        return "a web page, perhaps a login or error page", FETCH_AGAIN
    if _is_text(head):
        return f"a text file that begins {json.dumps(_first_line(head), ensure_ascii=False)}", FETCH_AGAIN
    return "no model format that is known here", FETCH_AGAIN


def _is_safetensors(head: bytes) -> bool:
    # Eight bytes of length, then a JSON object of that length.
    return len(head) > 9 and head[8:9] == b"{" and head[9:10] in b'"} \n' and not _is_text(head[:8])


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as exc:
        # The window may end inside a character.
        if exc.start < len(head) - 3:
            return False
        text = head[: exc.start].decode("utf-8")
    return bool(text) and all(char.isprintable() or char in "\n\r\t\f\ufeff" for char in text)


def _first_line(head: bytes) -> str:
    lines = head.decode("utf-8", "replace").strip("\ufeff \r\n\t").splitlines()
    first = lines[0] if lines else ""
    return first[:40] + ("…" if len(first) > 40 else "")
