"""Annotated rows -> training files, one layout of rows per member."""
