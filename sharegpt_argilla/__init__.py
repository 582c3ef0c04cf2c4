"""Chat logs to Argilla and back."""
