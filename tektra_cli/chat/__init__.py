"""Talking to a model: one turn, how its answer is shown, and the interactive session around turns."""
