"""The places, one module each; what only one of them is made of lies beside it."""
