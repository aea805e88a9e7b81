"""The HTTP surface: thin routes over the rooms below."""
