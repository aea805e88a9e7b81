"""Durable runs: what was begun is finished, whatever happens to the daemon meanwhile."""
