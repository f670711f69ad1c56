"""The arms that come with the harness: prompts, RAG and fine-tuning."""
