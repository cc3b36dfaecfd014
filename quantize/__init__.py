"""IR → INT8 IR with NNCF, calibrated on real samples, with accuracy control.

What enters: what decides which layers become 8-bit, and the recipes of the families. Measuring the result is
`bench/`'s.
"""
