"""The pipeline over many machines: references to images, the actors, and the result's table.

What enters: what only work on several machines needs. Ray is imported where it is used, by the extra `ray` alone.
"""
