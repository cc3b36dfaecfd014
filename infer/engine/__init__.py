"""Many images at a time: stages that overlap, in bounded memory, with a manifest to go on from.

What enters: what is about the order and the memory of work, whatever the work is.
"""
