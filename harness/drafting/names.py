"""What people call the columns of a file, and which column has such a name."""

import re
from collections.abc import Callable, Sequence

from harness.columns import CHOICE_STEMS

# Of any language: what is not listed is told by its content.
TARGETS = (
    "target", "targets", "answer", "label_text", "label", "output", "response", "completion", "expected",
    "expected_output", "solution", "gold", "intent", "sentiment", "reply", "summary", "highlights",
    "translation", "answers", "sql", "sql_query", "ground_truth", "ground_truths", "ideal",
    "antwort", "respuesta", "resposta", "risposta", "réponse", "reponse", "ответ", "метка", "odpowiedź", "cevap",
    "答案", "回答", "标签", "標籤", "类别", "分类", "答え", "ラベル", "답변", "정답", "라벨",
    "الجواب", "الإجابة", "उत्तर", "คำตอบ",
)  # fmt: skip
# Names of labels: a column of sentences under one of them is another thing.
LABELS = (
    "label_text",
    "label",
    "intent",
    "sentiment",
    "category",
    "class",
    "topic",
    "метка",
    "标签",
    "標籤",
    "ラベル",
    "라벨",
)
# Lists under these names are sets of labels.
LABEL_SETS = (
    "labels", "tags", "categories", "topics", "genres", "emotions", "intents", "classes", "keywords", "subjects",
)  # fmt: skip
NO_LABELS = "none"  # how an empty list of labels is written, as the metrics read it
# Lists in which every item is wanted, beside those of labels; and lists of which any one is right.
WANTED = (
    "entities", "keyphrases", "phrases", "items", "skills", "ingredients", "symptoms", "diagnoses", "codes", "objects",
    "products", "attributes", "aspects", "steps", "concepts", "themes", "features", "names", "persons", "people",
    "locations", "organizations", "organisations", "spans", "terms", "words",
    "schlagwörter", "schlagworte", "stichwörter", "etiketten", "kategorien", "themen",
    "etiquetas", "categorías", "temas", "palabras_clave", "étiquettes", "catégories", "thèmes", "mots_clés",
    "etichette", "categorie", "palavras_chave", "теги", "метки", "категории", "ключевые_слова",
    "标签", "標籤", "类别", "关键词", "關鍵詞", "タグ", "ラベル", "キーワード", "태그", "라벨", "키워드",
)  # fmt: skip
ALTERNATIVES = (
    "answer", "answers", "alias", "aliases", "accepted", "acceptable", "alternatives", "references", "reference",
    "valid", "possible", "synonyms", "variants", "paraphrases",
    "antworten", "respuestas", "respostas", "risposte", "réponses", "ответы", "答案", "回答", "答え", "정답", "답변",
)  # fmt: skip
# Of these, those that say that there are several: a text under one of them may hold all.
SEVERAL = (
    "answers", "aliases", "alternatives", "references", "synonyms", "variants", "paraphrases",
    "antworten", "respuestas", "respostas", "risposte", "réponses", "ответы",
)  # fmt: skip
# Lists under these names are other right answers than the one in the answer's own column.
ALIASES = (
    "aliases", "answer_aliases", "accepted_answers", "acceptable_answers", "alternative_answers", "correct_answers",
    "other_answers", "all_answers",
)  # fmt: skip
# An answer too, where no column is called as above, or has one of the words for an answer in its name.
MARKS = (
    "category", "class", "code", "snippet", "topic", "fields", "entities", "extracted", "json", "headline", "abstract",
    "score", "similarity", "relatedness", "stars", "star", "rating",
)  # fmt: skip
# Names of answers that somebody or some model gave, and words of a name that says what is right beside one.
GIVEN = ("answer", "answers", "response", "output", "completion", "reply")
RIGHT = {"gold", "golden", "truth", "truths", "expected", "ideal"}
ANSWERING = ("best", "gold", "correct", "expected", "reference", "target", "solution", "label", "answer")
ASKING = (
    "input",
    "question",
    "query",
    "prompt",
    "instruction",
    "goal",
    "claim",
)  # may stand beside a text they are about
INPUTS = (
    "input", "inputs", "question", "query", "prompt", "instruction", "text", "message", "sentence", "utterance", "utt",
    "review", "comment", "request", "email", "ticket", "problem", "tweet", "goal", "claim",
    "frage", "pregunta", "pergunta", "domanda", "вопрос", "текст", "pytanie", "soru",
    "问题", "問題", "文本", "質問", "テキスト", "질문", "텍스트", "السؤال", "प्रश्न", "คำถาม",
)  # fmt: skip
# A question too, where no column is called as above, or has one of the words for asking in its name.
TEXTS = (
    "document", "article", "dialogue", "conversation", "content", "body", "description", "title", "ctx", "transcript",
    "source",
)  # fmt: skip
CONTEXTS = (
    "context", "contexts", "passage", "background", "paragraph", "story", "document", "article", "support", "premise",
    "ctx", "body", "pre_text", "post_text", "table", "tables", "tools", "functions", "schema", "knowledge", "facts",
    "definition", "passages",
)  # fmt: skip
# Two texts that are judged together.
PAIRED = (
    ("premise", "hypothesis"), ("claim", "evidence"), ("query", "document"), ("query", "passage"),
    ("query", "product"), ("query", "product_title"), ("query", "title"), ("question", "sentence"),
)  # fmt: skip
IDS = ("id", "uid", "uuid", "guid", "key", "idx", "index", "row_id", "example_id", "question_id", "qid")
GROUP = "group"
GROUPS = (
    GROUP, "group_id", "conversation_id", "thread_id", "session", "session_id", "dialogue_id", "user", "user_id",
    "customer", "customer_id", "author", "patient_id", "document_id", "doc_id", "article_id", "source_id", "product",
    "product_id", "family",
)  # fmt: skip
EVIDENCE = ("evidence", "passage_id", "document_id", "doc_id", "page", "source_document", "source")
NO_ANSWERS = (*INPUTS, *TEXTS, *CONTEXTS, *EVIDENCE)  # what may hold turns, texts or ids in a list
# With one of these words a name is about an answer or a question, or another one's: 'answer_type', 'wrong_answer'.
_ABOUT = {
    "id", "type", "kind", "lang", "language", "start", "end", "score", "confidence", "quality", "count", "length",
    "time", "date", "by", "source", "url", "is", "has", "rate", "relevance", "long", "predicted", "generated", "model",
    "candidate", "student", "wrong", "incorrect", "false", "negative", "system", "followup",
}  # fmt: skip
# With one of these, or of those above, it says where a row comes from, or explains it.
_BESIDE = {
    "idx", "index", "uid", "uuid", "guid", "qid", "sid", "nr", "no", "num", "number", "n", "year", "month", "day",
    "timestamp", "created", "updated", "locale", "split", "partition", "subset", "config", "dataset", "domain",
    "subject", "genre", "level", "difficulty", "author", "user", "username", "customer", "annotator", "worker",
    "annot", "version",
    "license", "file", "filename", "path", "page", "row", "len", "tokens", "toks", "offset",
    "explanation", "rationale", "reason",
    "reasoning", "thinking", "thought", "thoughts", "cot", "exp", "hint", "hints",
    "program", "formula", "equation", "equations", "derivation", "phase", "concept",
    "group", "session", "thread", "family", "product", "link", "hash", "db", "test", "original", "orig", "task",
}  # fmt: skip
# Numbers under these judge a text beside them, and say no more than that of a label.
_WEIGHING = {"quality", "confidence", "relevance", "rate"}
_SCORING = {
    "score", "similarity", "relatedness", "relevance", "rating", "stars", "star", "grade",
    "ähnlichkeit", "similitud", "puntuación", "similarité", "somiglianza", "punteggio", "semelhança", "pontuação",
    "сходство", "相似度", "评分", "得分", "分数", "類似度", "スコア", "유사도", "점수", "평점",
}  # fmt: skip
_JUDGING = _SCORING | {
    "label", "labels", "correct", "quality", "helpful", "helpfulness", "verdict", "winner", "preferred", "chosen",
    "judgement", "judgment", "toxic", "toxicity", "safe", "sentiment", "intent", "entailment", "hallucination",
}  # fmt: skip
# Of a column that says which choice is right.
INDEXING = {"answer", "correct", "label", "gold", "target", "key", "cop", "solution", "best", "right"}
# Numbers of an answer, and none that names a choice.
_MEASURING = {
    "start", "end", "type", "kind", "count", "length", "source", "sources", "confidence", "score", "scores",
}  # fmt: skip
_CHOICE = re.compile(f"({CHOICE_STEMS})(_?[a-h]|_?[0-9])")


def first(names: Sequence[str], wanted: Sequence[str], is_fit: Callable[[str], bool] = lambda _: True) -> str | None:
    """Return the fit column that has the earliest of the wanted names."""
    known = {usual(name): name for name in reversed(names)}
    return next((known[name] for name in wanted if name in known and is_fit(known[name])), None)


def with_word(names: Sequence[str], words: Sequence[str]) -> str | None:
    """Return the column whose name has the earliest of the words in it, as 'gold_answer' and 'correctAnswer' do."""
    parts = {name: words_of_name(name) for name in names if not is_choice(name)}
    likely = {name: found for name, found in parts.items() if not found & _ABOUT}
    return next((name for word in words for name, found in likely.items() if word in found), None)


def words_of_name(name: str) -> set[str]:
    """Return the words of a column's name, in small letters."""
    return set(usual(name).split("_"))


def is_choice(name: str) -> bool:
    """Whether the name is that of one answer to choose from: 'option_a', 'choice1'."""
    return _CHOICE.fullmatch(usual(name)) is not None


def usual(name: str) -> str:
    """Return a column's name in the spelling of the lists above: 'Expected output' and 'expectedOutput' are one."""
    return re.sub(r"[\W_]+|(?<=[a-z])(?=[A-Z])", "_", name.strip()).strip("_").casefold()


def shown_name(name: str) -> str:
    """Return a column's name for a message or a comment, on one line."""
    return f"'{' '.join(name.split())}'" if name.isprintable() else repr(name)


def are_called_labels(name: str) -> bool:
    """Whether a name is that of labels: 'intent', 'product_category'."""
    return usual(name) in LABELS or not words_of_name(name).isdisjoint(LABELS)


def is_beside(name: str) -> bool:
    """Whether a name says that a column is neither question nor answer: an id, a date, where a row comes from."""
    words = words_of_name(name)
    return not words.isdisjoint(_ABOUT | _BESIDE) and words.isdisjoint(_SCORING)


def is_score(name: str) -> bool:
    """Whether a name is that of a score, where more is nearer or better."""
    return not words_of_name(name).isdisjoint(_SCORING)


def is_weighing(name: str) -> bool:
    """Whether a name says how good the row is."""
    return not words_of_name(name).isdisjoint(_WEIGHING)


def is_judging(name: str) -> bool:
    """Whether a name says that a column judges the row, as an answer beside it may be judged."""
    return not words_of_name(name).isdisjoint(_JUDGING)


def is_indexing(name: str) -> bool:
    """Whether a name may be that of a column which says the right choice: 'answer_idx', but not 'answer_start'."""
    words = words_of_name(name)
    return not words.isdisjoint(INDEXING) and words.isdisjoint(_MEASURING)


def paired(names: Sequence[str]) -> tuple[str, str] | None:
    """Return two columns whose names say that they are judged together: 'sentence1' and 'sentence2'."""
    known = {usual(name): name for name in names}
    for first_name, second_name in PAIRED:
        if first_name in known and second_name in known:
            return known[first_name], known[second_name]
    for name, written in known.items():
        stem, mark = name[:-1], name[-1:]
        other = known.get(stem + {"1": "2", "a": "b"}.get(mark, "?"))
        if (
            other
            and stem.strip("_")
            and (mark == "1" or stem.endswith("_"))
            and not (is_choice(name) or is_beside(name))
        ):
            return written, other
    return None
