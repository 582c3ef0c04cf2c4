"""A run of ``extract``: shards, who does them, and what they leave put together."""
