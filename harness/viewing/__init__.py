"""A local page of all runs: what each said, how a running one goes, two side by side. It reads, and never writes."""
