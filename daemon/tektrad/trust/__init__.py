"""Trust: what is recorded of all that happens, so that it can be proved later."""
