"""A recipe → the whole chain: export, parity, quantize, validate, bench, gate, package, report, each when due."""
