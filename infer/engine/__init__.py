"""Many pictures at a time: stages that overlap, in bounded memory, with a manifest to go on from."""
