"""The module `tektra` that tools of one's own import inside: what they need, and no package. Pure."""

from __future__ import annotations

NAME = "tektra"
SOURCE = '''
def tool(function=None, *, timeout=60, retries=0):
    """Mark a function as a tool. Tektra reads the marks in the source, and this only lets it run."""
    return function if function is not None else lambda marked: marked
'''
INSTALL = f"""
import sys, types
module = types.ModuleType({NAME!r})
exec({SOURCE!r}, module.__dict__)
sys.modules[{NAME!r}] = module
"""
"""What makes it importable, in a process that runs a tool's source."""
