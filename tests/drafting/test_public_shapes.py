"""What `harness init` makes of the columns of well-known public data sets: right, asked, refused well; never wrong."""

from pathlib import Path

import pytest
from public_shapes import SHAPES, result_of

TABLE = (Path(__file__).parents[2] / "docs" / "public_shapes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.name for shape in SHAPES])
def test_public_shape_is_read_rightly_asked_about_or_refused_well(shape, tmp_path):
    result, said = result_of(shape, tmp_path)
    expected = "right" if not isinstance(shape.expected, str) else "asked" if "asked" in shape.expected else "refused"
    assert result == expected, said
    assert f"| {shape.name} | {result} |" in TABLE


def test_there_are_sixty_shapes_at_least():
    assert len({shape.name for shape in SHAPES}) == len(SHAPES) >= 60
