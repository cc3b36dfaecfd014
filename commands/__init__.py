"""The command line's larger commands, one file for each group: parse → call → print → exit code."""
