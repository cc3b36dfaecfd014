"""Edges that hold: masks refined along the photo, and the subject's own colours.

What enters: functions of a mask and its photo that need no model.
"""
