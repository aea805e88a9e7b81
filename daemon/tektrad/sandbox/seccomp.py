"""Which system calls a confined program may make, as a filter for the kernel, built by libseccomp.

Everything is allowed but what reaches out of the confinement, hides memory from its limits, or opens parts of the
kernel that no program needs here.
"""

from __future__ import annotations

import errno
import functools
import tempfile
from typing import Any

from tektrad.sandbox.confinement import Level

NAMESPACES = {
    "NEWNS": 0x00020000, "NEWCGROUP": 0x02000000, "NEWUTS": 0x04000000, "NEWIPC": 0x08000000,
    "NEWUSER": 0x10000000, "NEWPID": 0x20000000, "NEWNET": 0x40000000, "NEWTIME": 0x00000080,
}  # fmt: skip
NAMESPACE_CALLS = ("clone", "unshare")
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
"""Terminals obey what these put into their input."""
LOW = 0xFFFFFFFF
"""The kernel looks at 32 bits only; a comparison of all 64 could be evaded by the others."""
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
DENIED = errno.EPERM
"""What a refused call says, whether the kernel refuses it or the daemon."""

HEARD = (
    # other processes: their memory and their descriptors
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd",
    # programs and hooks in the kernel, and files without their paths
    "bpf", "userfaultfd", "perf_event_open", "fanotify_init", "open_by_handle_at", "modify_ldt",
    # keyrings cross namespaces
    "keyctl", "add_key", "request_key",
    # mounts and roots
    "mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "open_tree_attr", "mount_setattr",
    "fsopen", "fsconfig", "fsmount", "fspick", "setns",
    # the machine itself
    "reboot", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "swapon", "swapoff",
    "acct", "settimeofday", "clock_settime", "iopl", "ioperm", "sethostname", "setdomainname",
)  # fmt: skip
"""What nobody does by the way: the daemon hears of it."""
FORBIDDEN = (
    # what libraries try on their own, or ask what else there is by: libuv (Node, CMake) asks for io_uring at each start
    "io_uring_setup", "io_uring_enter", "io_uring_register", "name_to_handle_at", "kcmp", "process_madvise",
    "process_mrelease", "quotactl", "quotactl_fd", "adjtimex", "clock_adjtime", "syslog",
    # memory that limits do not see
    "memfd_create", "memfd_secret", "shmget", "shmat", "shmctl", "shmdt", "remap_file_pages",
    # the processor limit is an affinity
    "sched_setaffinity", "migrate_pages", "move_pages",
    # what the kernel hardly has any more, or has for terminals
    "lookup_dcookie", "uselib", "ustat", "sysfs", "nfsservctl", "vhangup",
)  # fmt: skip
"""What benign programs do too, or what means nothing: refused, and no more said of it."""
ALONE = (
    # without namespaces of their own, these reach what is not confined
    "semget", "semop", "semtimedop", "semctl", "msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink",
    "setpriority", "ioprio_set", "sched_setscheduler", "sched_setparam", "sched_setattr", "socket", "pidfd_open",
    # Landlock does not know these: by a path they reach all files of the user
    "chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchownat", "utime", "utimes", "futimesat",
    "inotify_add_watch", "setxattr", "lsetxattr", "removexattr", "lremovexattr", "setxattrat", "removexattrat",
    "file_setattr",
)  # fmt: skip


@functools.cache
def bpf(level: Level, is_heard: bool) -> bytes:
    """The filter of a level as BPF instructions; raises OSError, ImportError or RuntimeError where there is none.

    Where the daemon hears of calls (`is_heard`), these are left to a tracer, of which there is none: the kernel refuses
    them so (ENOSYS) unless another filter tells the daemon, who then refuses them. What this one refused itself, no
    other could tell of.
    """
    import pyseccomp as seccomp

    rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    denied = seccomp.ERRNO(DENIED)
    _add_heard(seccomp, rules, seccomp.TRACE(0) if is_heard else denied)
    for name in (*FORBIDDEN, *(ALONE if level == "B" else ())):
        _add(seccomp, rules, denied, name)
    _add(seccomp, rules, seccomp.ERRNO(errno.ENOSYS), "clone3")  # its flags lie in memory; glibc then uses clone
    _add(seccomp, rules, denied, "personality", seccomp.Arg(0, seccomp.MASKED_EQ, LOW, 0x20008))  # 32 bits and PER_*
    if level == "A":
        for family in range(AF_NETLINK):
            if family not in (AF_UNIX, AF_INET, AF_INET6):
                _add(seccomp, rules, denied, "socket", seccomp.Arg(0, seccomp.EQ, family))
        _add(seccomp, rules, denied, "socket", seccomp.Arg(0, seccomp.GT, AF_NETLINK))  # vsock, alg, packet and so on
    else:
        _add(seccomp, rules, denied, "utimensat", seccomp.Arg(1, seccomp.NE, 0))  # by a path, not by a descriptor
        _add(seccomp, rules, denied, "prlimit64", seccomp.Arg(0, seccomp.GT, 0))  # of other processes
        _add(seccomp, rules, denied, "socketpair", seccomp.Arg(0, seccomp.GT, AF_UNIX))
    return exported(rules)


@functools.cache
def telling() -> bytes:
    """The filter that tells the daemon of calls, and lets all others be; raises as `bpf` does."""
    import pyseccomp as seccomp

    rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    _add_heard(seccomp, rules, seccomp.NOTIFY)
    return exported(rules)


@functools.cache
def own_number() -> int:
    """The number of the call that puts a filter into force and gives its listener; raises as `bpf` does."""
    import pyseccomp as seccomp

    return int(seccomp.resolve_syscall(seccomp.Arch.NATIVE, "seccomp"))


@functools.cache
def names() -> dict[int, str]:
    """What the calls that the daemon hears of are called, by their numbers."""
    import pyseccomp as seccomp

    heard = (*HEARD, *NAMESPACE_CALLS, "ioctl")
    return {found: name for name in heard if (found := number(name, seccomp.Arch.NATIVE)) is not None}


def _add_heard(seccomp: Any, rules: Any, action: Any) -> None:
    for name in HEARD:
        _add(seccomp, rules, action, name)
    for flag in NAMESPACES.values():
        for name in NAMESPACE_CALLS:
            _add(seccomp, rules, action, name, seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))
    for request in (TIOCSTI, TIOCLINUX):
        _add(seccomp, rules, action, "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, LOW, request))


def exported(rules: Any) -> bytes:
    """Rules as BPF instructions."""
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _add(seccomp: Any, rules: Any, action: Any, name: str, *arguments: Any) -> None:
    found = number(name, seccomp.Arch.NATIVE)
    if found is not None:
        rules.add_rule(action, found, *arguments)


def number(name: str, architecture: int) -> int | None:
    """The number of a system call, or None where the architecture has no such call.

    Raises RuntimeError where nobody knows: a call that is passed over could be made.
    """
    import pyseccomp as seccomp

    found: int = seccomp.resolve_syscall(architecture, name)
    if found >= 0:
        return found
    if name in UNNAMED:
        return UNNAMED[name]
    if found == UNKNOWN:
        raise RuntimeError(f"it does not know the system call {name}")
    return None


UNKNOWN = -1
"""What libseccomp says of a name that it never heard; calls that only other architectures have are below that."""
UNNAMED = {
    "process_mrelease": 448, "memfd_secret": 447, "quotactl_fd": 443, "mount_setattr": 442, "process_madvise": 440,
    "pidfd_getfd": 438, "open_tree_attr": 467, "fchmodat2": 452, "setxattrat": 463, "removexattrat": 466,
    "file_setattr": 469,
}  # fmt: skip
"""Numbers of calls that are younger than some libseccomp; the same on all machines."""
