"""Answers -> merged rows."""
