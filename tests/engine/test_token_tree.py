"""Trees of texts: every text is found again along its ancestors, and nothing shared is laid out twice."""

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.engine.token_tree import LEAST_TRUNK, ROW, WIDEST, ScoredText, groves, shared

PARTS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=150).map(tuple), min_size=1, max_size=3)


@st.composite
def texts_that_branch(draw):
    """Draw texts whose contexts are made of a few parts, so that many begin alike, some for long."""
    parts = draw(PARTS)
    chosen = st.lists(st.sampled_from(parts), min_size=1, max_size=4).map(lambda found: sum(found, ()))
    continuations = st.lists(st.integers(0, 2), min_size=1, max_size=4).map(tuple)
    return draw(st.lists(st.builds(ScoredText, chosen, continuations), min_size=1, max_size=12))


def ancestors(row, column):
    """Return the columns that a column sees: those before it whose interval it lies in, and itself."""
    return [key for key in range(column + 1) if column < row.ends[key]]


def distinct(texts):
    """Count the distinct beginnings of texts: what computing each token once costs."""
    return len({text[:length] for text in texts for length in range(1, len(text) + 1)})


@settings(max_examples=200, deadline=None)
@given(texts_that_branch())
def test_every_text_is_read_along_the_ancestors_of_its_last_column(texts):
    met = []
    for grove in groves(texts):
        for row in grove.rows:
            for number, columns in zip(row.texts, row.scored, strict=True):
                text = texts[number]
                path = ancestors(row, columns[-1])
                assert grove.trunk + tuple(row.tokens[column] for column in path) == text.inputs
                assert [row.positions[column] for column in path] == list(range(len(path)))
                assert columns == path[-len(text.continuation) :]  # each token is predicted from the one before it
                met.append(number)
    assert sorted(met) == list(range(len(texts)))


@settings(max_examples=100, deadline=None)
@given(texts_that_branch())
def test_row_holds_no_token_twice_and_only_one_text_may_exceed_its_size(texts):
    for grove in groves(texts):
        assert not grove.trunk or len(grove.trunk) >= LEAST_TRUNK
        for row in grove.rows:
            behind = [texts[number].inputs[len(grove.trunk) :] for number in row.texts]
            assert len(row.tokens) == distinct(behind)
            assert len(row.tokens) <= max(WIDEST, len(behind[0]) + ROW)


def test_texts_with_one_long_beginning_compute_it_once():
    beginning = tuple(range(1000))
    texts = [ScoredText((*beginning, n, *range(50)), (1, 2)) for n in range(40)]
    [grove] = groves(texts)
    assert grove.trunk == beginning
    # 52 columns each: its own number, fifty tokens, and the first of the continuation; four fit a row
    assert [len(row.tokens) for row in grove.rows] == [4 * 52] * 10


def test_beginnings_inside_a_beginning_are_trunks_of_their_own():
    texts = [
        ScoredText((*range(100), subject, *range(200, 300), question, *range(30)), (1,))
        for subject in (1, 2)
        for question in range(20)
    ]
    first, second = groves(texts)
    assert (first.trunk, second.trunk) == ((*range(100), 1, *range(200, 300)), (*range(100), 2, *range(200, 300)))
    assert shared(first.trunk, second.trunk) == 100  # which is kept when the second is computed


def test_many_options_behind_a_short_context_stand_in_as_few_rows_as_hold_them():
    context = tuple(range(20))
    texts = [ScoredText(context, (100 + n, 50, 51)) for n in range(400)]  # two columns each behind the context
    [grove] = groves(texts)
    assert grove.trunk == ()
    assert [len(row.tokens) for row in grove.rows] == [256, 256, 256, 20 + 2 * (400 - 3 * 118)]  # 118 fill a row


def test_tree_a_little_wider_than_a_row_is_kept_together():
    texts = [ScoredText(tuple(range(200)), (100 + n, *range(60))) for n in range(3)]
    [grove] = groves(texts)
    assert grove.trunk == ()
    assert [len(row.tokens) for row in grove.rows] == [200 + 3 * 60]


def test_options_of_one_token_behind_a_long_context_are_read_from_one_column():
    context = tuple(range(900))
    texts = [ScoredText(context, (option,)) for option in (5, 6)]
    [grove] = groves(texts)
    [row] = grove.rows
    assert (grove.trunk, len(row.tokens), row.scored) == ((), 900, [[899], [899]])


def test_trunk_ends_before_the_first_token_that_predicts():
    context = tuple(range(300))
    texts = [ScoredText(context, (n, *range(100))) for n in range(8)]
    [grove] = groves(texts)
    assert grove.trunk == context[:-1]


def test_no_texts_make_no_grove():
    assert list(groves([])) == []
