"""The processes of the embedded Argilla: launcher and supervisor, server, worker and Redis, their logs."""
