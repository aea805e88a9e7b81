"""The daemon of Tektra: it thinks; workers compute."""
