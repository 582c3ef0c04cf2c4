"""Raw chat corpora, read into question/answer pairs."""
