"""Level A: the command line of bubblewrap; pure but for finding the program.

Every flag is there for an escape that works without it; docs/design/sandbox.md names them.
"""

from __future__ import annotations

import re
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tektrad.sandbox.confinement import Limits

LEAST_VERSION = (0, 8)
WORK = "/work"
"""Where a program finds its folder."""
SYSTEM = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime")
"""All that is shown of /etc, beside made-up users."""
MERGED = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
USERS = b"user:x:1000:1000:user:/work:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
GROUPS = b"user:x:1000:\nnogroup:x:65534:\n"


class Unusable(Exception):
    """Why bubblewrap cannot be used, and what to do about it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


INSTALL = "Install it: apt install bubblewrap (dnf install bubblewrap)."


def find() -> str:
    """The path of a bubblewrap that can be trusted; raises Unusable."""
    path = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")
    if path is None:
        raise Unusable("bubblewrap is not installed", INSTALL)
    if Path(path).stat().st_mode & (stat.S_ISUID | stat.S_ISGID):
        raise Unusable(f"{path} is set-uid, so that its faults would be faults of root", "chmod u-s it, or reinstall.")
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=5, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Unusable(f"{path} does not run: {error}", INSTALL) from error
    found = re.search(r"(\d+)\.(\d+)", said)
    if found is None or (int(found[1]), int(found[2])) < LEAST_VERSION:
        raise Unusable(f"{path} is {said.strip() or 'of an unknown version'}, and 0.8 is needed", INSTALL)
    return path


def command(
    bwrap: str,
    folder: Path,
    prefixes: Sequence[Path],
    environment: dict[str, str],
    limits: Limits,
    descriptors: Sequence[int],
) -> list[str]:
    """The command line that confines what is put behind it.

    `prefixes` are the folders of Python's installation outside of /usr; `descriptors` are open files of the seccomp
    filter, of made-up users and of made-up groups. The work folder is mounted last, and nothing beneath it
    (CVE-2026-87766).
    """
    seccomp, users, groups = descriptors
    scratch = str(limits.scratch_bytes)
    line = [
        bwrap, "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup",
        "--uid", "1000", "--gid", "1000", "--hostname", "sandbox",
        "--disable-userns", "--assert-userns-disabled", "--die-with-parent", "--new-session",
        "--cap-drop", "ALL", "--clearenv",
        "--ro-bind", "/usr", "/usr",
    ]  # fmt: skip
    for name in MERGED:
        place = Path("/") / name
        if place.is_symlink():
            line += ["--symlink", str(place.readlink()), str(place)]
        elif place.is_dir():
            line += ["--ro-bind", str(place), str(place)]
    for name in SYSTEM:
        line += ["--ro-bind-try", name, name]
    line += ["--ro-bind-data", str(users), "/etc/passwd", "--ro-bind-data", str(groups), "/etc/group"]
    line += [
        "--proc", "/proc", "--remount-ro", "/proc",
        "--dev", "/dev", "--size", scratch, "--tmpfs", "/dev/shm", "--remount-ro", "/dev",  # noqa: S108  its own
        "--size", scratch, "--tmpfs", "/tmp",  # noqa: S108  its own
    ]  # fmt: skip
    for prefix in prefixes:  # behind /tmp, for they may lie there
        line += ["--ro-bind", str(prefix), str(prefix)]
    for name, value in environment.items():
        line += ["--setenv", name, value]
    line += ["--bind", str(folder), WORK, "--remount-ro", "/", "--chdir", WORK, "--seccomp", str(seccomp), "--"]
    return line
