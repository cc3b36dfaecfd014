"""Accuracy and latency: what a model is worth, measured into records and judged by gates."""
