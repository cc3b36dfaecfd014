"""The torch modules of the zoo. Only builders and trainers import this room: torch is loaded with it.

What enters: networks, as their papers and published checkpoints have them, with the names of their weights.
"""
