"""One adapter for each layout of chat corpora: a record of the layout -> a conversation."""
