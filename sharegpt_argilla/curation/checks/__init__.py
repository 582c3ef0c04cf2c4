"""The checks: what each looks for in a question and its answer, and its fix if it has one."""
