"""The last step before a confined program, in its own process: how many tasks it may have, and becoming it.

On level A run as `python -I -S -c SOURCE TASKS ARGUMENTS…`, inside the confinement: the standard library only.
"""

from __future__ import annotations

import os
import resource
import sys

NOT_FOUND, NOT_RUN = 127, 126


def main() -> None:
    """Become a program that may have so many tasks."""
    limit_tasks(int(sys.argv[1]))
    become(sys.argv[2:], dict(os.environ))


def limit_tasks(most: int) -> None:
    """Processes and threads of this user; on level A the kernel counts those of the user namespace."""
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def become(arguments: list[str], environment: dict[str, str]) -> None:
    """Become the program, or say why not, as shells do; never returns."""
    try:
        os.execvpe(arguments[0], arguments, environment)  # noqa: S606  confined
    except FileNotFoundError:
        code = NOT_FOUND
        why = "not found"
    except OSError as error:
        code = NOT_RUN
        why = error.strerror or "cannot be run"
    os.write(2, f"{arguments[0]}: {why}\n".encode("utf-8", "surrogateescape"))
    os._exit(code)


if __name__ == "__main__":
    main()
