"""What the report's words mean, for a reader who does not build models."""

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("Option, arm", "One candidate way to do the task: a prompt, a prompt with looked-up passages, or a tuned model."
     " An option is called by what it does; its arm is its name in the task file."),
    ("Test items", "Questions with known answers that no arm saw while it was built. Each arm answers them once."),
    ("Dev", "Separate questions on which each arm makes its own choices, such as the wording of a prompt."),
    (
        "95% interval",
        "The range that the true figure plausibly lies in. Fewer items make it wider. When two ranges overlap a lot,"
        " the difference may be luck.",
    ),
    ("n", "How many items a figure rests on."),
    ("Goal", "The score from which the task counts as solved, set before the run. It is met when the whole interval"
     " lies above it, missed when the whole interval lies below it, and not shown in between."),
    ("Exact match", "The share of answers that equal the right one."),
    ("Point", "One percentage point: from 80% to 81%."),
    ("Paired difference", "How much better one arm is than another on exactly the same questions."),
    ("Prompt", "Instructions, and perhaps a few solved examples, sent along with each question. Nothing is trained."),
    ("RAG", "The question is sent along with passages found in your documents, so that facts can be looked up."),
    ("Fine-tuning", "The model itself is changed by training on your examples. LoRA changes a small add-on only;"
     " QLoRA does so on a model stored in 4 bits; DPO trains on pairs of a better and a worse answer."),
    ("Combine", "A tuned model that is also given passages."),
    ("Adapter", "What LoRA training leaves: a small file that changes a model's weights while it is loaded."),
    ("Seed", "What the chance in a training run, or in answers that are drawn, starts from. Another seed gives other"
     " weights or answers, and another score."),
    ("Ladder", "Options in order of cost: prompt, RAG, fine-tuning, both. A higher rung has to earn its cost."),
    ("General ability", "How well the model answers public benchmark questions that have nothing to do with the task."),
    ("Retained", "Tuned ability as a share of the ability before, with blind guessing subtracted from both."),
    ("Forgetting", "General ability that tuning took away. Excluded: shown to be within the limits. Shown: shown to be"
     " beyond one of them. Not excluded: neither."),
    ("Gate", "The check that a tuned model passes before it is recommended: has it forgotten more than the limits"
     " allow? It looks at benchmarks, texts and unrelated questions."),
    ("Probability of right answers", "How likely the model finds the right answer of a benchmark question. It moves"
     " with every question, so it shows a loss that counting right and wrong answers would miss."),
    ("Near chance", "The base does about as well as blind guessing, so it has nothing to lose there: not judged."),
    ("Text loss", "How surprised the model is by ordinary text. Higher after tuning means that it lost some language."),
    ("Off-task answer", "An answer of your task given to a question that has nothing to do with it, asked alone or"
     " under the task's own prompt."),
    ("p95", "Of 20 questions asked one at a time, 19 took this long or less. Of fewer nothing is said."),
    ("Slice", "A part of the test items that have something in common, such as a label or a length."),
    ("Flip", "A test item that one option gets right and the other wrong."),
    ("Strength", "How much of an adapter is applied: 0 is the base, 1 the adapter as trained. Less gains less and"
     " forgets less."),
    ("Forgetting budget", "How much a choice on dev may forget. 1 is all of it; more is outside."),
    ("Shared, routed", "Shared: people also ask the tuned model other things. Routed: only this task's inputs reach it,"
     " so forgetting is reported and does not block."),
    ("Recall, MRR, nDCG", "How often, and how high up, what holds the answer was found: its passage, or any passage of"
     " the document that a row names. The table says which."),
    ("Undertrained", "Training ended while the score was still rising."),
    ("Smoke run", "A very small run that shows that everything works. Its figures mean nothing."),
)  # fmt: skip
