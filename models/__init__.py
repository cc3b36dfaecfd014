"""What a user names → a model that is ready to run, a zoo entry exported when it is first used.

What enters: what finds, exports or opens a model by its name, and the pipeline of several.
"""

GRAMMAR = "an entry of the zoo (ID, or ID@CHECKPOINT), an .xml or .onnx file, or an export's folder"
"""What a user may type for a model, in words."""
