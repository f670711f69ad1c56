"""The training of an adapter as other tools would be told to do it: TRL, LLaMA-Factory, Axolotl, OpenAI's files."""
