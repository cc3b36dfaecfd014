"""Parity: the same images through every stage of a model, each compared with the one before.

What enters: what opens the stages that are on disk and checks them. The comparison of two is `convert/step_check.py`'s.
"""
