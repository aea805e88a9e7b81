"""Memory: what agents keep from one run to the next."""
