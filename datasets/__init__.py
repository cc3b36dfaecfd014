"""Data sets: samples with ground truth, from folders, from the layouts of the field, or made from a seed.

What enters: what finds, reads, checks or makes samples. What they are measured with is `bench/`'s.
"""

from .sample import Dataset, Sample

__all__ = ["Dataset", "Sample"]
