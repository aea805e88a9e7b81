"""Loaded models: who may load, who shares, who waits, who goes."""
