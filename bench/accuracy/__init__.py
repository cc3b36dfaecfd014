"""Accuracy: how good a model's answers are, sample by sample, against the truth, another model or golden outputs.

What enters: what opens something that answers, measures its answers, and writes what was measured.
"""
