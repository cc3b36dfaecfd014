"""Latency: candidates in processes of their own, measured in interleaved rounds into one record.

What enters: what takes times, and what says whether a time can be believed.
"""
