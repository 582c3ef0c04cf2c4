"""What a record gets beside its texts: one file for each kind, and one list of them."""
