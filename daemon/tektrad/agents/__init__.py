"""Agents: what each of them is, every version of it, and its form as a file."""
