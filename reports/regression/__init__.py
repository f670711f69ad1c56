"""A regression check as HTML, Markdown, JSON and JUnit XML: the same rows in four forms."""
