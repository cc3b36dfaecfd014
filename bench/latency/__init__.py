"""Latency: candidates in processes of their own, measured in interleaved rounds into one record."""
