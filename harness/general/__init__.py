"""General ability: benchmarks through lm-eval, held-out text, probes, and what set-up fetches for them."""
