"""What `tools/fuzz.py` is made of: seeds, mutations, targets, and the child process that they run in."""
