"""A real Argilla from pip alone: argilla-server with its own UI, a search engine in a file, a real Redis."""
