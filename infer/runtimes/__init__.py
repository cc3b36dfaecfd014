"""What executes a model: one file each, tensors in, tensors out.

What enters: one file for each runtime; what surrounds a network is in `infer/tensors.py` and `infer/answers.py`.
"""

from .base import FrameMemory, LoadedModel, Runtime, RuntimeSettings, Tensor

__all__ = ["FrameMemory", "LoadedModel", "Runtime", "RuntimeSettings", "Tensor"]
