"""`tektra audit …`: what happened here, and the proof of it."""
