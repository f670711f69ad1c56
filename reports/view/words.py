"""What the report's words mean, for a reader who does not build models."""

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("Arm", "One candidate way to do the task: a prompt, a prompt with looked-up passages, or a tuned model."),
    ("Test items", "Questions with known answers that no arm saw while it was built. Each arm answers them once."),
    ("Dev", "Separate questions on which each arm makes its own choices, such as the wording of a prompt."),
    (
        "95% interval",
        "The range that the true figure plausibly lies in. Fewer items make it wider. When two ranges overlap a lot,"
        " the difference may be luck.",
    ),
    ("n", "How many items a figure rests on."),
    ("Point", "One percentage point: from 80% to 81%."),
    ("Paired difference", "How much better one arm is than another on exactly the same questions."),
    ("Prompt", "Instructions, and perhaps a few solved examples, sent along with each question. Nothing is trained."),
    ("RAG", "The question is sent along with passages found in your documents, so that facts can be looked up."),
    ("Fine-tuning", "The model itself is changed by training on your examples. LoRA changes a small add-on only;"
     " QLoRA does so on a model stored in 4 bits; DPO trains on pairs of a better and a worse answer."),
    ("Combine", "A tuned model that is also given passages."),
    ("Ladder", "Options in order of cost: prompt, RAG, fine-tuning, both. A higher rung has to earn its cost."),
    ("General ability", "How well the model answers public benchmark questions that have nothing to do with the task."),
    ("Retained", "Tuned ability as a share of the ability before, with blind guessing subtracted from both."),
    ("Forgetting", "General ability that tuning took away."),
    ("Text loss", "How surprised the model is by ordinary text. Higher after tuning means that it lost some language."),
    ("Off-task answer", "An answer of your task given to a question that has nothing to do with it."),
    ("Recall, MRR, nDCG", "How often, and how high up, the passages that hold the answer were found."),
    ("Undertrained", "Training ended while the score was still rising."),
    ("Smoke run", "A very small run that shows that everything works. Its figures mean nothing."),
)  # fmt: skip
