"""Text -> numbers to filter by; the only importer of spaCy and TextDescriptives."""
