"""One loaded model: generation, likelihood, adapters, lm-eval on top, and what set-up fetches."""
