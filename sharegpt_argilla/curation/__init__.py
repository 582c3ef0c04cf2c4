"""Rows -> flagged, fixed, filtered and sampled rows."""
