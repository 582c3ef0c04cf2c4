"""Answers proposed before people see a record: by rules, by scores of the corpus, by models; and vectors."""
