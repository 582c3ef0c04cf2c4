"""The search engine of the embedded Argilla: argilla-server's interface, over an index in one SQLite file.

Importing this package registers it, so that ``ARGILLA_SEARCH_ENGINE=embedded`` finds it. It must be imported in
every process that uses the server's code: the server itself, the rq workers and ``reindex``.
"""

from sharegpt_argilla.embedded_argilla.engine.search_engine import EmbeddedSearchEngine

__all__ = ["EmbeddedSearchEngine"]
