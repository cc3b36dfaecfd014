"""How a report is written: one module for each kind of file.

What enters: writers of a whole document, which know nothing of what it says.
"""
