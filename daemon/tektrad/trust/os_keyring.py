"""Keys in the system's keyring. It may ask a person or a bus that is gone, so every call has a thread and a time limit.

Only the backends that speak to a system's own keyring are used: others keep what they get in a plain file, or nowhere.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from tektrad.errors import KeyringFailed

if (
    TYPE_CHECKING
):  # it looks for backends when it is imported, so that is done in the thread, and only when it is needed
    from keyring.backend import KeyringBackend

SERVICE = "tektra"
SECONDS = 12.0
SECONDS_AT_START = 4.0
"""A daemon that starts does not wait for a person."""
REAL = ("SecretService", "libsecret", "kwallet", "macOS", "Windows")
"""The modules below keyring.backends that are the front of a system's own keyring."""

Answer = TypeVar("Answer")


async def is_there() -> bool:
    """Whether there is a real keyring."""
    try:
        return await _asked(_backend) is not None
    except KeyringFailed:
        return False


async def write(name: str, key: bytes) -> None:
    """Put a key there; raises KeyringFailed."""
    await _asked(lambda: _real().set_password(SERVICE, name, base64.b64encode(key).decode()))


async def read(name: str, seconds: float = SECONDS) -> bytes | None:
    """The key, or None where the keyring has none of that name; raises KeyringFailed."""
    found = await _asked(lambda: _real().get_password(SERVICE, name), seconds)
    try:
        return base64.b64decode(found, validate=True) if found is not None else None
    except binascii.Error as error:
        raise KeyringFailed(f'what the keyring holds for "{name}" is no key', "Put it back from a backup.") from error


async def erase(name: str, seconds: float = SECONDS) -> None:
    """Remove a key, if it is there; raises KeyringFailed."""

    def delete() -> None:
        from keyring.errors import PasswordDeleteError

        with contextlib.suppress(PasswordDeleteError):
            _real().delete_password(SERVICE, name)

    await _asked(delete, seconds)


def _real() -> KeyringBackend:
    backend = _backend()
    if backend is None:
        raise KeyringFailed(
            "this session has no keyring of the system's that can be used",
            'Start the daemon where one runs, or keep the key elsewhere: secrets_key = "file" or "passphrase".',
        )
    return backend


def _backend() -> KeyringBackend | None:
    import keyring
    from keyring.backends.chainer import ChainerBackend

    chosen = keyring.get_keyring()
    offered = chosen.backends if isinstance(chosen, ChainerBackend) else [chosen]
    return next((backend for backend in offered if _is_real(backend)), None)


def _is_real(backend: KeyringBackend) -> bool:
    package, _, module = type(backend).__module__.rpartition(".")
    return package == "keyring.backends" and module in REAL


async def _asked(call: Callable[[], Answer], seconds: float = SECONDS) -> Answer:
    """The answer of a call in a thread that nobody waits for at the end."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Answer] = loop.create_future()

    def settle(value: Answer | None, error: Exception | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(value)  # type: ignore[arg-type]

    def work() -> None:
        value, failed = None, None
        try:
            value = call()
        except Exception as error:  # noqa: BLE001  whatever a backend raises is told to who asked
            failed = error
        with contextlib.suppress(RuntimeError):  # the loop may be gone
            loop.call_soon_threadsafe(settle, value, failed)

    threading.Thread(target=work, name="keyring", daemon=True).start()
    try:
        return await asyncio.wait_for(answer, seconds)
    except TimeoutError as error:
        raise KeyringFailed(
            f"the system's keyring did not answer within {seconds:g} s", "It may be waiting to be unlocked: look there."
        ) from error
    except KeyringFailed:
        raise
    except Exception as error:
        raise KeyringFailed(f"the system's keyring refused: {error}", "Unlock it, then try again.") from error
