"""Data sets: samples with ground truth, from folders, from the layouts of the field, or made from a seed."""

from .sample import Dataset, Sample

__all__ = ["Dataset", "Sample"]
