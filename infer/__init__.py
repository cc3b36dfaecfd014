"""Pixels in, pixels out: runtimes, picture I/O, remove, upscale, superimpose and the pipeline of the three."""
