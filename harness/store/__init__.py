"""The run folder: what is written, when it counts as written, and who may write it."""
