"""How a report is written: one module for each kind of file, and one for the terminal.

What enters: writers of a whole document, which know nothing of what it says.
"""
