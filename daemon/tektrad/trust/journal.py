"""The system journal, where there is one: a second place that knows how far the audit log had come."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

from tektrad.trust.statements import Head

SOCKET = Path("/run/systemd/journal/socket")
NOTICE = 5
"""syslog's priority for what is normal and worth keeping."""


def tell(head: Head, why: str, place: Path = SOCKET) -> bool:
    """Write a head into the journal in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL); whether one took it.

    `journalctl TEKTRA_AUDIT_HEAD=…` and `journalctl -t tektra-audit` find it.
    """
    fields = {
        "MESSAGE": f"Tektra's audit log reaches entry {head.number} ({why})",
        "PRIORITY": str(NOTICE),
        "SYSLOG_IDENTIFIER": "tektra-audit",
        "TEKTRA_AUDIT_HEAD": str(head),
    }
    message = "".join(f"{name}={value}\n" for name, value in fields.items()).encode()
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(str(place))
        sock.send(message)
        return True
    return False
