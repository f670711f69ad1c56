"""Tasks of our own: a folder each, with its data, the generator that made it, and a card."""
