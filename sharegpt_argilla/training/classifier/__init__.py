"""A text classifier trained on annotated prompts: folds, scores, the pipeline of spaCy, its folder and card."""
