"""The shared words of every room: contract, artifact, records, errors, paths. No heavy imports."""
