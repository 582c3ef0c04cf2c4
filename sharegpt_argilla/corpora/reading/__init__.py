"""Inputs to records: what files, streams and data sets hold, with damage kept apart."""
