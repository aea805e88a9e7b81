"""The tools that come with Tektra, each kind in a file of its own; `toolbox.py` says which there are."""
