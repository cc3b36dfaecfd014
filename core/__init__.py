"""The shared words of every room: contract, variant, records, errors, paths. No heavy imports.

What enters: what two rooms must agree on. It imports numpy, pydantic, pooch and packaging, and the standard library.
"""
