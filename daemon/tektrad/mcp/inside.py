"""The last step before an MCP server, in its own process: its standard input and output, its variables, becoming it.

Run as `python -I -S -c SOURCE GIVEN SAID COMMAND…`, confined or not; the variables come through standard input, since a
command line can be read by others.
"""

from __future__ import annotations

import os
import sys

NOT_STARTED = 127


def main() -> None:
    """Become the server; never returns."""
    given, said, *command = sys.argv[1:]
    told = b""
    while more := os.read(0, 1 << 16):
        told += more
    environment = dict(os.environb)
    for each in filter(None, told.split(b"\0")):
        name, _, value = each.partition(b"=")
        environment[name] = value
    for descriptor, standard in ((int(given), 0), (int(said), 1)):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606  what the user asked for
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode("utf-8", "surrogateescape"))
    os._exit(NOT_STARTED)


if __name__ == "__main__":
    main()
