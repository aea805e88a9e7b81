"""The door of the `tektra` command: runs it, and turns every way in which it can end into words and an exit code.

Nothing is imported at the top, so that `tektra --version` and completion answer at once.
"""

import sys


def main() -> int:
    """Run the command line of this process."""
    arguments = sys.argv[1:]
    if arguments in (["--version"], ["-V"]):
        return _version()
    if arguments[:1] == ["__complete"]:
        from tektra_cli.suggest import suggest

        return suggest(arguments[1:])
    from tektra_cli.ending import run

    return run(arguments)


def _version() -> int:
    from tektra_cli import __version__

    try:
        sys.stdout.write(f"tektra {__version__}\n")
        sys.stdout.flush()
    except (OSError, AttributeError):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
