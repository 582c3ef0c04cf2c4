"""Text classifiers of annotated prompts: tasks, cross-validation, the spaCy pipeline, its folder and card."""
