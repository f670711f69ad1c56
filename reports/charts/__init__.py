"""Charts as small hand-made SVG: coloured by the page's own styles, so that they follow light, dark and print."""
