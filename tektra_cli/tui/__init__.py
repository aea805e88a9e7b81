"""The dashboard: a terminal program that is only a client. Data goes down to widgets, messages come up from them."""
