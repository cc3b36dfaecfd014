"""Networks with their pre- and post-processing inside the graph: pixels of any size in, pixels out.

What enters: operators of the graph, and what lies in a package beside it; the checker may import numpy and openvino
alone.
"""
