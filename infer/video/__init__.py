"""Video: frames with their times from files, cameras and streams, through the pipeline, into files.

What enters: what knows of time, containers and codecs; a frame's own way is the pipeline's.
"""
