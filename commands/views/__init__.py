"""All that the command line prints: records and results → text and tables on the terminal.

What enters: one file for each command that prints more than a line; nothing that measures, and nothing that writes a
file.
"""
