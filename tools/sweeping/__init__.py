"""Small graphs of one ONNX operator each, for `tools/operator_sweep.py`."""
