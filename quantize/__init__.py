"""IR → INT8 IR with NNCF, calibrated on real samples, with accuracy control."""
