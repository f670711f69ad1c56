"""One loaded model: generation, likelihood and adapters."""
