"""Records: a model for each kind, by the command that writes it.

What enters: what a record of one kind has beside its measurements, and how records are read. Nothing measures here.
"""
