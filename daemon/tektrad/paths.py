"""Where everything lies on this machine; daemon and command line must agree on it, so both read this file.

Standard library and platformdirs only; docs/decisions/0001-one-address-book.md says why the command line may import it.
"""

from __future__ import annotations

import os
import stat
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

MAX_SOCKET_PATH = 107
"""Bytes that fit into `sockaddr_un.sun_path` on Linux, without the closing zero."""


class UnsafePath(Exception):
    """A directory or socket address that must not be used, with what to do instead."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Paths:
    """The directories and files of one installation, for one user."""

    config_file: Path
    data_dir: Path
    state_dir: Path
    cache_dir: Path
    socket: Path

    @property
    def models_dir(self) -> Path:
        """Manifests and weights."""
        return self.data_dir / "models"

    @property
    def policies_dir(self) -> Path:
        """Policy files: beside the settings, where no workspace is."""
        return self.config_file.parent / "policies"

    @property
    def states_dir(self) -> Path:
        """Attention states of conversations, kept while their models are not loaded."""
        return self.cache_dir / "states"

    @property
    def sandbox_dir(self) -> Path:
        """Folders of confined programs that brought none of their own."""
        return self.cache_dir / "sandbox"

    @property
    def tuning_dir(self) -> Path:
        """Files of random weights, while types are timed."""
        return self.cache_dir / "tuning"

    @property
    def database(self) -> Path:
        """The SQLite store."""
        return self.data_dir / "tektra.db"

    @property
    def keys_dir(self) -> Path:
        """Keys of our own, where they are kept in files."""
        return self.data_dir / "keys"

    @property
    def audit_key(self) -> Path:
        """What the daemon signs its audit log with."""
        return self.keys_dir / "audit.key"

    @property
    def audit_public_key(self) -> Path:
        """What anybody can check those signatures with."""
        return self.keys_dir / "audit.pub"

    @property
    def lock_file(self) -> Path:
        """Locked by the one daemon that owns the data directory."""
        return self.data_dir / "daemon.lock"

    @property
    def log_file(self) -> Path:
        """Where a daemon that the command line started writes its log."""
        return self.state_dir / "daemon.log"

    def as_dict(self) -> dict[str, str]:
        """Every path as text, for `tektra paths --json`."""
        named = asdict(self) | {
            "models_dir": self.models_dir,
            "policies_dir": self.policies_dir,
            "database": self.database,
            "log_file": self.log_file,
            "audit_public_key": self.audit_public_key,
        }
        return {key: str(value) for key, value in named.items()}


def find_paths() -> Paths:
    """Read the environment: TEKTRA_* first, then XDG, then the platform's custom; creates nothing."""
    dirs = platformdirs.PlatformDirs("tektra", appauthor=False)
    return Paths(
        config_file=_from_env("TEKTRA_CONFIG", dirs.user_config_path / "config.toml"),
        data_dir=_from_env("TEKTRA_DATA_DIR", dirs.user_data_path),
        state_dir=_from_env("TEKTRA_STATE_DIR", dirs.user_state_path),
        cache_dir=_from_env("TEKTRA_CACHE_DIR", dirs.user_cache_path),
        socket=_from_env("TEKTRA_SOCKET", _runtime_dir() / "tektra.sock"),
    )


def _from_env(name: str, default: Path) -> Path:
    value = os.environ.get(name)
    return Path(value).expanduser().absolute() if value else default


def _runtime_dir() -> Path:
    """$XDG_RUNTIME_DIR/tektra, or a directory of our own in /tmp that `check_private` verifies before use."""
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    if runtime.startswith("/") and Path(runtime).is_dir():
        return Path(runtime) / "tektra"
    return Path(f"/tmp/tektra-{os.getuid()}")  # noqa: S108  verified by lstat before every use


def check_socket_path(socket: Path) -> None:
    """Raise UnsafePath when the kernel could not bind or connect to this path."""
    length = len(os.fsencode(socket))
    if length > MAX_SOCKET_PATH:
        raise UnsafePath(
            f"the socket path is {length} bytes long and the kernel allows {MAX_SOCKET_PATH}: {socket}",
            "Set TEKTRA_SOCKET or XDG_RUNTIME_DIR to a shorter path.",
        )


def check_private(directory: Path) -> None:
    """Raise UnsafePath unless `directory` is a real directory of ours that nobody else may write to or search.

    By lstat, so that a planted symbolic link is seen for what it is.
    """
    info = directory.lstat()
    if not stat.S_ISDIR(info.st_mode):
        raise UnsafePath(f"{directory} is not a directory", "Remove it, or set TEKTRA_SOCKET to another place.")
    if info.st_uid != os.getuid():
        raise UnsafePath(
            f"{directory} belongs to uid {info.st_uid}, not to you (uid {os.getuid()})",
            "Somebody else made it; set XDG_RUNTIME_DIR or TEKTRA_SOCKET to a directory of your own.",
        )
    if info.st_mode & 0o077:
        raise UnsafePath(
            f"{directory} is open to other users (mode {stat.S_IMODE(info.st_mode):04o})",
            "Point TEKTRA_SOCKET into a directory that only you may enter (mode 0700), or close this one.",
        )


def make_private(directory: Path) -> None:
    """Create `directory` with mode 0700 if it is missing, then check it; raises UnsafePath or OSError."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    check_private(directory)
