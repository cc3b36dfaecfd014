"""Contracts of networks of one's own: what a file says of itself, a proposal, what comes of one, and how to find one.

What enters: what is done with a contract before a model runs by it; what a contract is stands in `core/contract.py`.
"""
