"""Rows -> record drafts, ready to be sent to Argilla."""
