"""Edges that hold: masks refined along the photo, and the subject's own colours."""
