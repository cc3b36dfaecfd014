"""What a report says: each module turns records into one part of it.

What enters: one function a part, records in, document parts out; no markup.
"""
