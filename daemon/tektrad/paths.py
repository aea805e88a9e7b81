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
SYSTEM_FILE = Path("/etc/tektra/config.toml")
SHARED_BY = "TEKTRA_SHARED_BY"
SHARED_SOCKET = Path("/run/tektra/tektra.sock")
"""Where a shared daemon listens, unless TEKTRA_SOCKET says otherwise."""


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
    def workspaces_dir(self) -> Path:
        """Private copies of folders, as runs of agents leave them."""
        return self.data_dir / "workspaces"

    @property
    def tuning_dir(self) -> Path:
        """Files of random weights, while types are timed."""
        return self.cache_dir / "tuning"

    @property
    def database(self) -> Path:
        """The SQLite store."""
        return self.data_dir / "tektra.db"

    @property
    def runs_database(self) -> Path:
        """What runs remember of their steps."""
        return self.data_dir / "runs.db"

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
    """Read the environment: TEKTRA_* first, then XDG, then the platform's custom; creates nothing.

    Raises UnsafePath where nobody can say whose shared daemon is meant.
    """
    dirs = platformdirs.PlatformDirs("tektra", appauthor=False)
    runtime = _runtime_dir() / "tektra.sock" if shared_by() is None else SHARED_SOCKET
    return Paths(
        config_file=_from_env("TEKTRA_CONFIG", dirs.user_config_path / "config.toml"),
        data_dir=_from_env("TEKTRA_DATA_DIR", dirs.user_data_path),
        state_dir=_from_env("TEKTRA_STATE_DIR", dirs.user_state_path),
        cache_dir=_from_env("TEKTRA_CACHE_DIR", dirs.user_cache_path),
        socket=_from_env("TEKTRA_SOCKET", runtime),
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


def shared_by(system_file: Path = SYSTEM_FILE) -> int | None:
    """The uid whose shared daemon is trusted: TEKTRA_SHARED_BY, else a line of the system's file; None: only our own.

    An empty value is none. Raises UnsafePath.
    """
    said, where = os.environ.get(SHARED_BY), SHARED_BY
    if said is None:
        said, where = _system_line(system_file), f"shared_by in {system_file}"
    if not said:
        return None
    if said.isascii() and said.isdecimal():
        return int(said)
    import pwd  # most have no shared daemon

    try:
        return pwd.getpwnam(said).pw_uid
    except (KeyError, ValueError) as error:
        raise UnsafePath(f'{where} names "{said}", and there is no such user', "Name a user, or a uid.") from error


def _system_line(file: Path) -> str:
    """What the system's file says about it; only a file that nobody but root writes is heard."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return ""  # none, or none for us
    import tomllib

    with os.fdopen(descriptor, "rb") as opened:
        info = os.fstat(descriptor)
        try:
            said = tomllib.load(opened).get("shared_by", "")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise UnsafePath(f"{file} cannot be read: {error}", f"Put it right, or set {SHARED_BY}.") from error
    if said and (info.st_uid != 0 or info.st_mode & 0o022 or not stat.S_ISREG(info.st_mode)):
        raise UnsafePath(f"{file} says whose daemon to trust, and others than root may write it", "Make it root's.")
    return str(said)


def check_socket_path(socket: Path) -> None:
    """Raise UnsafePath when the kernel could not bind or connect to this path."""
    length = len(os.fsencode(socket))
    if length > MAX_SOCKET_PATH:
        raise UnsafePath(
            f"the socket path is {length} bytes long and the kernel allows {MAX_SOCKET_PATH}: {socket}",
            "Set TEKTRA_SOCKET or XDG_RUNTIME_DIR to a shorter path.",
        )


def check_private(directory: Path, owner: int | None = None) -> None:
    """Raise UnsafePath unless `directory` is a real directory of ours that nobody else may write to or search.

    With an `owner` it has to be that uid's, whose group may search it: a shared daemon's. By lstat, so that a planted
    symbolic link is seen for what it is.
    """
    info = directory.lstat()
    mode = stat.S_IMODE(info.st_mode)
    if not stat.S_ISDIR(info.st_mode):
        raise UnsafePath(f"{directory} is not a directory", "Remove it, or set TEKTRA_SOCKET to another place.")
    if owner is not None:
        _check_shared(directory, info, owner)
        return
    if info.st_uid != os.getuid():
        raise UnsafePath(
            f"{directory} belongs to uid {info.st_uid}, not to you (uid {os.getuid()})",
            "Somebody else made it; set XDG_RUNTIME_DIR or TEKTRA_SOCKET to a directory of your own.",
        )
    if mode & 0o077:
        raise UnsafePath(
            f"{directory} is open to other users (mode {mode:04o})",
            "Point TEKTRA_SOCKET into a directory that only you may enter (mode 0700), or close this one. If it is a "
            f"shared daemon's, say that you trust its owner: {SHARED_BY}.",
        )


def _check_shared(directory: Path, info: os.stat_result, owner: int) -> None:
    """The same for the directory of a shared daemon, where others than its group have no business."""
    if info.st_uid != owner:
        raise UnsafePath(
            f"{directory} belongs to uid {info.st_uid}, and the shared daemon is uid {owner}'s",
            f"Somebody else made it; do not use it. {SHARED_BY} and TEKTRA_SOCKET say which daemon is meant.",
        )
    if info.st_mode & 0o027:
        raise UnsafePath(
            f"{directory} is writable by its group or open to everybody (mode {stat.S_IMODE(info.st_mode):04o})",
            f"Its owner has to close it: chmod 0750 {directory}",
        )


def make_private(directory: Path) -> None:
    """Create `directory` with mode 0700 if it is missing, then check it; raises UnsafePath or OSError."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    check_private(directory)


def make_shared(directory: Path, group: int) -> None:
    """Create `directory` for a group (0750) if it is missing, then check it; raises UnsafePath or OSError.

    One that is there already is not opened to anybody: who made it private meant it.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        made = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.fchown(made, -1, group)
            os.fchmod(made, 0o750)
        finally:
            os.close(made)
    check_private(directory, os.getuid())
    info = directory.lstat()
    if info.st_gid != group or not info.st_mode & 0o010:
        raise UnsafePath(
            f"{directory} is not open to the group {group} (its group is {info.st_gid}, "
            f"mode {stat.S_IMODE(info.st_mode):04o})",
            f"Remove it, or open it: chgrp {group} {directory} && chmod 0750 {directory}",
        )
