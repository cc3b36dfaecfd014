"""What a user may type for a model, in words: light, since the command line's help quotes it."""

from __future__ import annotations

__all__ = ["MODEL_GRAMMAR"]

MODEL_GRAMMAR = "an entry of the zoo (ID, or ID@CHECKPOINT), an .xml or .onnx file, or an export's folder"
