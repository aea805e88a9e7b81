"""Confined programs: what holds them, what they may take, how they end."""
