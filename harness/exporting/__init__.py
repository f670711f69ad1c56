"""A run's winner as something to run: weights, prompt, index, and what it would take to train it elsewhere."""
