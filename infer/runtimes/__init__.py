"""What executes a model: one file each, tensors in, tensors out."""

from .base import LoadedModel, Runtime, Tensor

__all__ = ["LoadedModel", "Runtime", "Tensor"]
