"""No system call that is forbidden is passed over."""

from __future__ import annotations

import pytest

from tektrad.sandbox.seccomp import ALONE, FORBIDDEN, UNNAMED, number

pyseccomp = pytest.importorskip(
    "pyseccomp", reason="libseccomp is missing", exc_type=(ImportError, RuntimeError, OSError)
)
ON_X86_ONLY = {
    "modify_ldt", "iopl", "ioperm", "uselib", "ustat", "sysfs", "chmod", "chown", "lchown", "utime", "utimes",
    "futimesat",
}  # fmt: skip
"""What newer architectures never had: `…at` took the place of most."""


def test_every_forbidden_call_of_this_kind_of_machine_has_a_number() -> None:
    assert None not in {number(name, pyseccomp.Arch.X86_64) for name in (*FORBIDDEN, *ALONE)}


@pytest.mark.parametrize("architecture", ["AARCH64", "RISCV64"])
def test_elsewhere_only_calls_that_there_are_not_go_without_one(architecture: str) -> None:
    found = {name: number(name, getattr(pyseccomp.Arch, architecture)) for name in (*FORBIDDEN, *ALONE)}
    assert {name for name, each in found.items() if each is None} <= ON_X86_ONLY


def test_a_call_that_nobody_knows_is_an_error_and_not_passed_over() -> None:
    with pytest.raises(RuntimeError, match="no_such_call"):
        number("no_such_call", pyseccomp.Arch.NATIVE)


def test_numbers_of_our_own_are_those_that_libseccomp_knows() -> None:
    for name, ours in UNNAMED.items():
        assert pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name) in (ours, -1)
