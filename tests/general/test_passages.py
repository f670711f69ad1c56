"""Benchmarks and texts made of encyclopaedia passages."""

from collections import Counter
from itertools import combinations

from pytest import fixture

from harness.general.passages import CONTINUATION, NEXT_WORD, TEXTS, HeldOutText, pool_of, rows_of

# 48 words with sentences' ends behind the 33rd and the 48th; 'river' comes again.
BODY = (
    "The river {n} rises in the hills and feeds three lakes on its way to the sea in the east of the land, which many "
    "travellers have described at length. Boats carry stone and timber {tail} down the river in every season of the "
    "year until ice comes. "
)
END = "In {n} the people of the valley built a bridge of stone {pad} over it at last."


@fixture(scope="module")
def passages():
    """Two hundred articles, every tenth with two passages."""
    made = []
    for n in range(200):
        for part in range(2 if n % 10 == 0 else 1):
            end = END.format(n=1000 + n, pad="x" * (1 + n % 30))
            made.append(HeldOutText(f"text-{n}-{part}", f"Article {n} -- {BODY.format(n=n, tail=part)}{end}"))
    return made


@fixture(scope="module")
def rows(passages):
    return rows_of(passages)


def articles(rows):
    """Articles of a pool's rows, told by the passage's id."""
    return {row["id"].split("text-")[1].split("-")[0] for row in rows}


def test_an_article_feeds_one_pool_and_in_it_one_use(rows):
    parts = [
        articles([row for row in rows[name] if row["use"] == use])
        for name in (TEXTS, CONTINUATION, NEXT_WORD)
        for use in ("gate", "selection")
    ]
    assert all(parts)
    assert [shared for one, other in combinations(parts, 2) if (shared := one & other)] == []


def test_pool_of_a_passage_depends_on_its_article_alone(passages):
    for passage in passages:
        assert pool_of(HeldOutText("another", f"{passage.article} -- other words")) == pool_of(passage)


def test_right_continuation_follows_its_beginning_in_the_passage(rows, passages):
    texts = {f"{CONTINUATION}-{passage.id}": passage.text for passage in passages}
    assert rows[CONTINUATION]
    for row in rows[CONTINUATION]:
        assert f" -- {row['question']} {row['choices'][row['gold']]}" in texts[row["id"]]
        assert row["question"].endswith(".")
        assert 30 <= len(row["question"].split()) <= 70
        assert all(12 <= len(choice.split()) <= 18 for choice in row["choices"])


def test_wrong_continuations_are_of_other_articles_of_the_same_use(rows):
    ends = {row["choices"][row["gold"]]: row["use"] for row in rows[CONTINUATION]}
    for row in rows[CONTINUATION]:
        assert len(set(row["choices"])) == 4
        assert {ends[choice] for choice in row["choices"]} == {row["use"]}


def test_length_does_not_give_the_right_continuation_away(rows):
    # of n items, the nearest others in length: the right one is the longest about as often as by chance
    gate = [row for row in rows[CONTINUATION] if row["use"] == "gate"]
    spread = [max(map(len, row["choices"])) - min(map(len, row["choices"])) for row in gate]
    assert sorted(spread)[len(spread) // 2] <= 3  # the lengths here span thirty characters


def test_right_continuations_stand_at_all_places_equally_often(rows):
    for use in ("gate", "selection"):
        counts = Counter(row["gold"] for row in rows[CONTINUATION] if row["use"] == use)
        assert max(counts.values()) - min(counts[place] for place in range(4)) <= 1


def test_next_word_is_plain_and_stands_in_its_context_too(rows, passages):
    texts = {f"{NEXT_WORD}-{passage.id}": passage.text for passage in passages}
    assert rows[NEXT_WORD]
    for row in rows[NEXT_WORD]:
        assert row["answer"].isalpha() and row["answer"].islower() and len(row["answer"]) >= 4
        assert row["answer"] in row["question"].split()
        assert 30 <= len(row["question"].split()) <= 50
        assert f" -- {row['question']} {row['answer']}" in texts[row["id"]]


def test_a_passage_asks_for_one_word(rows):
    assert len({row["id"] for row in rows[NEXT_WORD]}) == len(rows[NEXT_WORD])


def test_rows_do_not_depend_on_the_other_passages_order(passages, rows):
    turned = rows_of(passages[::-1])
    for name in rows:
        assert sorted(turned[name], key=lambda row: row["id"]) == sorted(rows[name], key=lambda row: row["id"])


def test_passage_without_a_sentence_s_end_in_reach_gives_no_continuation():
    words = " ".join(["word"] * 90)
    texts = [HeldOutText(f"text-{n}", f"Article {n} -- {words} {n}") for n in range(40)]
    assert rows_of(texts)[CONTINUATION] == []
