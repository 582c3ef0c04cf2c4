"""Conversations to question/answer pairs: which texts belong together, and which are one session."""
