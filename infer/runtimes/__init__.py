"""What executes a model: one file each, tensors in, tensors out.

What enters: one file for each runtime; what surrounds a network is in `infer/tensors.py` and `infer/answers.py`.
"""

from .base import LoadedModel, Runtime, RuntimeSettings, Tensor
from .interface import FrameMemory

__all__ = ["FrameMemory", "LoadedModel", "Runtime", "RuntimeSettings", "Tensor"]
