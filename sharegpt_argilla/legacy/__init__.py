"""Files of Argilla 1.x -> records with their answers."""
