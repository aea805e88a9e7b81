"""The SQLite store: one writer, several readers, numbered migrations."""
