"""The command line of Tektra: a client of the daemon's Unix socket."""

__version__ = "0.1.0"
