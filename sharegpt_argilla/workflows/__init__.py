"""The use cases, one file per command; the only place where the families meet."""
