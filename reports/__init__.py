"""Records and results → tables, plots and pages. Renders, never measures."""
