"""What a running project knows: answers from any source, progress and its history, guidelines, time, links."""
