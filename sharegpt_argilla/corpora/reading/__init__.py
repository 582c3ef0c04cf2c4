"""Inputs to records: what files, streams and data sets contain, with damaged text kept apart."""
