"""Keys that one part of the package writes and another reads: of records' metadata on a server."""

from __future__ import annotations

ASSIGNED_TO = "assigned_to"
"""Hidden terms property: usernames of those who answer the record. A dataset that has it is planned."""

ASSIGNED_RANK = "assigned_rank"
"""Hidden integer property: the record's rank in a random order of all; a person's queue is their records by it."""

ASSIGNED_N = "assigned_n"
"""Hidden integer property: how many people answer the record."""

COPIED_ANSWERS = "copied_answers"
"""Metadata of a record that was copied with its responses: user id -> inserted and updated times of theirs."""
