"""How a report is written: one module for each kind of file, and one for the terminal."""
