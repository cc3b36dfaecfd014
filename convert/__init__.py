"""Checkpoint → ONNX → OpenVINO IR, and the zoo of models that mattekit knows.

What enters: what makes a model's file of another: fetching, loading, exporting, and the check of each of these steps.
"""
