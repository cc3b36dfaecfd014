"""Accuracy, latency and parity, measured into records, and judged.

What enters: here, the statistics that several of its rooms share; in the rooms below, what runs a model to learn how
good or fast it is, and what judges the figures. What draws or words them is in `reports/`.
"""
