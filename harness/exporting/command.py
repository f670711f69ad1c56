"""The command line of an export's answer.py: one question as an argument, or many on standard input.

Exports take this file with them, so it imports nothing of this package.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Question = tuple[str, dict[str, Any]]  # what is asked, and the columns that the prompt shows beside it
_MANY = """\
Without QUESTION, standard input is read: a question a line, as plain text or as {"question": ..., "columns": {...}}.
Each is answered by one line of JSON with "question" and "answer", or "fault" where it cannot be asked; the exit code
is 1 where there was a fault."""


def asked(about: str, columns: Sequence[str], arguments: Sequence[str] | None = None) -> list[Question] | None:
    """Return the one question of the command line; None where questions come on standard input.

    Args:
        about: What the script is.
        columns: That a question needs.
        arguments: Instead of the command's own.

    Raises:
        SystemExit: After --help, and with code 2 where the command cannot be understood.
    """
    parser = argparse.ArgumentParser(
        description=about, epilog=_MANY, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("question", nargs="?", metavar="QUESTION", help="what to ask; quote it")
    if columns:
        told = f"a JSON object with {', '.join(columns)}".replace("%", "%%")
        parser.add_argument("columns", nargs="?", metavar="COLUMNS", help=told)
    given = parser.parse_args(arguments)
    if given.question is None:
        if sys.stdin.isatty():
            parser.error("give a QUESTION, or questions on standard input")
        return None
    if not given.question.strip():
        parser.error("QUESTION is empty")
    try:
        return [(given.question, _columns(json.loads(given.columns)) if columns and given.columns else {})]
    except ValueError as fault:
        parser.error(f"COLUMNS is not a JSON object ({fault})")


def answer_all(questions: list[Question] | None, answer: Callable[[str, dict[str, Any]], str]) -> int:
    """Answer the one question, or every line of standard input; return the exit code.

    Args:
        questions: As `asked` returned them.
        answer: Answers one question; raises ValueError for one that it refuses, and TimeoutError where the pattern that
            reads the model's text is stopped.
    """
    if questions is not None:
        [(question, columns)] = questions
        try:
            sys.stdout.write(answer(question, columns) + "\n")
        except (ValueError, TimeoutError) as fault:
            sys.stderr.write(f"Error: {fault}\n")
            return 2
        return 0
    has_fault = False
    for line in filter(str.strip, sys.stdin):
        said = _answered(line.rstrip("\n"), answer)
        has_fault |= "fault" in said
        sys.stdout.write(json.dumps(said, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return int(has_fault)


def _answered(line: str, answer: Callable[[str, dict[str, Any]], str]) -> dict[str, str]:
    question = line
    try:
        for question, columns in _questions(line):
            return {"question": question, "answer": answer(question, columns)}
    except (ValueError, TimeoutError) as fault:
        return {"question": question, "fault": str(fault)}
    return {"question": question, "fault": "the question is empty"}


def _questions(line: str) -> Iterator[Question]:
    """Yield the question of a line, unless it is empty; what looks like an object must be one."""
    found: dict[str, Any] = {"question": line}
    if line.lstrip().startswith('{"'):
        found = _columns(json.loads(line))
    question = found.get("question")
    if isinstance(question, str) and question.strip():
        yield question, _columns(found.get("columns", {}))


def _columns(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise ValueError("an object is needed")
    return found
