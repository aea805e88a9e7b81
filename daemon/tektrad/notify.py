"""sd_notify: tell systemd how far we are, when it started us and wants to know."""

from __future__ import annotations

import os
import socket


def notify_systemd(state: str) -> None:
    """Send `state` (such as READY=1) to $NOTIFY_SOCKET; without one, do nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect("\0" + address[1:] if address[0] == "@" else address)
            sock.sendall(state.encode())
        except OSError:
            return
