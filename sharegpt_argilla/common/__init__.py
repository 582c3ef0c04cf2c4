"""Mechanics that more than one family needs, one module a concern; nothing here knows what a family does."""
