"""Networks with their pre- and post-processing inside the graph: pixels of any size in, pixels out."""
