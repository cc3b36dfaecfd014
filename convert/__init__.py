"""Checkpoint → ONNX → OpenVINO IR, and the zoo of models that mattekit knows."""
