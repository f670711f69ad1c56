"""How a model's family writes conversations: read off its tokenizer and template, the same wherever one is shown."""
