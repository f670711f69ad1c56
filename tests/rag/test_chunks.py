from baselines.rag.chunks import passages_of, split
from harness.records import Document


def words(text):
    return len(text.split())


def test_chunks_keep_every_word_in_order_and_the_limit():
    text = "\n\n".join(f"Paragraph {i}. It has two sentences, and this one is longer." for i in range(30))
    chunks = split(text, words, 25)
    assert " ".join(chunks).split() == text.split()
    assert max(map(words, chunks)) <= 25 < words(text)


def test_run_without_spaces_cannot_hide_behind_one_token():
    text = "x" * 5000
    chunks = split(text, words, 20)
    assert "".join(chunks) == text
    assert max(map(len, chunks)) <= 20 * 8


def test_passages_are_numbered_within_their_document():
    documents = [
        Document("a", "one two. three four.", "a.md"),
        Document("b", " \n", "b.md"),
        Document("c", "five", "c"),
    ]
    passages = passages_of(documents, words, 2)
    assert [(p.id, p.document, p.text) for p in passages] == [
        ("a#1", "a", "one two."),
        ("a#2", "a", "three four."),
        ("c#1", "c", "five"),
    ]


def test_row_of_empty_cells_says_nothing_and_a_row_behind_a_cut_one_has_its_header():
    header = "| Part | Note | Price |\n|---|---|---|\n"
    long = " ".join(["very", "long", "note"] * 12)
    page = f"# Parts\n\n{header}| {' | ' * 60} |\n| first | {long} | 10 |\n| second | short | 20 |\n"
    found = [passage.text for passage in passages_of([Document("p", page, "p.md")], words, 24)]
    [last] = [text for text in found if "| second | short | 20 |" in text]
    assert "| Part | Note | Price |\n| second | short | 20 |" in last
