"""Gates: limits on figures, and what comes of them.

What enters: what reads a limit or judges a figure by it. Nothing here runs a model.
"""
