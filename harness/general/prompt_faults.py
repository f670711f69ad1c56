"""What makes a benchmark's prompt worthless: it holds its own answer, or there is nothing to predict."""

from collections.abc import Mapping
from typing import Any

from harness.errors import HarnessError


def settle_shots(name: str, task: Any) -> None:
    """Let a task draw its solved examples from a split that it names, or from its training split.

    lm-eval falls back on the split that is asked, with a warning in a log.

    Raises:
        HarnessError: If the task has neither.
    """
    chosen = task.fewshot_cfg
    if not task.get_config("num_fewshot") or chosen.split is not None or chosen.samples is not None:
        return
    if task.config.training_split is None:
        raise HarnessError(
            f"general.tasks: '{name}' shows {task.get_config('num_fewshot')} solved examples and does not say from "
            "which split; set fewshot_split in its task file"
        )
    chosen.split = task.config.training_split


def check_prompts(tasks: Mapping[str, Any], requests: list[Any]) -> None:
    """Look at every prompt before the first is asked.

    Args:
        tasks: lm-eval's tasks by name.
        requests: lm-eval's, with the document of each and what is asked about it.

    Raises:
        HarnessError: If a prompt shows the item that it asks about with its answer, or a continuation is empty.
    """
    for request in requests:
        task, (context, *asked) = tasks.get(request.task_name), request.args
        if asked and isinstance(asked[0], str) and not asked[0].strip():
            raise HarnessError(
                f"general.tasks: item {request.doc_id} of '{request.task_name}' has an empty option or answer, which "
                "every model predicts; give it a text"
            )
        solved = _solved(task, request.doc) if task is not None and task.get_config("num_fewshot") else None
        if solved and solved in context:
            raise HarnessError(
                f"general.tasks: the prompt of item {request.doc_id} of '{request.task_name}' holds that item with its "
                "answer; take the solved examples from another split (fewshot_split)"
            )


def _solved(task: Any, document: Mapping[str, Any]) -> str | None:
    """Return an item as it stands among solved examples; None where it is not plain text."""
    chosen = task.fewshot_cfg
    question = task.doc_to_text(document, chosen.doc_to_text)
    answer = task.doc_to_target(document, chosen.doc_to_target)
    options = task.doc_to_choice(document, chosen.doc_to_choice) if chosen.doc_to_choice else None
    if task.multiple_input or not isinstance(question, str) or not question.strip() or answer in (None, "", []):
        return None
    turns = task.build_qa_turn(q=question, c=options, a=answer, tgt_delim=chosen.target_delimiter, few_delim="")
    return "".join(turn.to_text() for turn in turns)
