"""Records and results → tables, plots and pages. Renders, never measures.

What enters: what turns figures that are there into something to read.
"""
