"""All that changes how argilla-server behaves, wherever it runs: one file a change."""
