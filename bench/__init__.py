"""Accuracy and latency, measured into records.

What enters: what runs a model to learn how good or fast it is, and what judges the figures. What draws or words them
is in `reports/`.
"""
