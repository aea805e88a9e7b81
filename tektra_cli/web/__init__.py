"""The dashboard in a browser of this machine: behind a login of our own, and never further than 127.0.0.1."""
