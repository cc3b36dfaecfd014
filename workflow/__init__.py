"""A recipe → the whole chain: export, parity, quantize, validate, bench, gate, package, report, each when due.

What enters: what a recipe may say, and when a stage is due. What a stage does is a command, and lives with that.
"""
