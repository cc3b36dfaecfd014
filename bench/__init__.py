"""Accuracy and latency, measured into records."""
