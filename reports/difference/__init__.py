"""Two runs side by side as HTML, Markdown and JSON: the same rows in three forms."""
