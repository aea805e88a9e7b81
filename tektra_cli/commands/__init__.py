"""One small file a command or group of commands; each is imported when it is called, and not before."""
