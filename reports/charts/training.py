"""Training of one arm: loss above, dev score below, on one axis of steps; the kept checkpoint marked."""

from markupsafe import Markup

from harness.records import Family, TrainingHistory
from reports import numbers
from reports.charts.svg import Drawing, Scale, padded, ticks

WIDTH, LEFT, RIGHT = 480, 58, 462
MOST_POINTS = 240  # more are thinned evenly; the last one is always drawn


def curves(arm: str, family: Family, history: TrainingHistory) -> Markup:
    """Draw the loss of each step and the dev score of each checkpoint."""
    steps = [point.step for point in history.losses] + [mark.step for mark in history.checkpoints]
    x = Scale(min([0, *steps]), max([1, *steps]), LEFT, RIGHT)
    drawing = Drawing(WIDTH, 300)
    if history.losses:
        _losses(drawing, x, family, history)
    else:
        drawing.text(LEFT, 60, "loss: not measured", "t small")
    if history.checkpoints:
        _scores(drawing, x, family, history)
    else:
        drawing.text(LEFT, 210, "dev score: not measured", "t small")
    for value in ticks(x.low, x.high):
        drawing.text(x(value), 278, numbers.count(value), "t small", "middle")
    drawing.text((LEFT + RIGHT) / 2, 296, "training step", "t small", "middle")
    return drawing.render(_said(arm, history))


def _losses(drawing: Drawing, x: Scale, family: Family, history: TrainingHistory) -> None:
    stride = -(-len(history.losses) // MOST_POINTS)
    shown = [*history.losses[:-1:stride], history.losses[-1]]
    on_dev = [mark for mark in history.checkpoints if mark.dev_loss is not None]
    low, high = padded([0.0, *(p.loss for p in shown), *(m.dev_loss for m in on_dev if m.dev_loss is not None)])
    y = Scale(0.0, high, 124, 22)
    drawing.text(LEFT, 12, "loss (line: training, rings: dev)", "t small")
    for value in ticks(0.0, high, 3):
        drawing.line(LEFT, y(value), RIGHT, y(value), "grid")
        drawing.text(LEFT - 6, y(value) + 4, f"{value:g}", "t small", "end")
    drawing.polyline([(x(point.step), y(point.loss)) for point in shown], f"curve thin {family}")
    for mark in on_dev:
        drawing.circle(x(mark.step), y(mark.dev_loss or 0.0), 3.2, f"mark hollow {family}")


def _scores(drawing: Drawing, x: Scale, family: Family, history: TrainingHistory) -> None:
    y = Scale(0.0, 1.0, 258, 162)
    drawing.text(LEFT, 150, "score on dev", "t small")
    for value in (0.0, 0.5, 1.0):
        drawing.line(LEFT, y(value), RIGHT, y(value), "grid")
        drawing.text(LEFT - 6, y(value) + 4, f"{100 * value:.0f}%", "t small", "end")
    drawing.line(x(history.best_step), 158, x(history.best_step), 262, "goal")
    drawing.polyline([(x(mark.step), y(mark.dev_score)) for mark in history.checkpoints], f"curve {family}")
    for mark in history.checkpoints:
        if mark.step == history.best_step:
            drawing.circle(x(mark.step), y(mark.dev_score), 8, "halo")
        is_outside = mark.forgetting is not None and not mark.forgetting.is_inside
        drawing.marker(family, x(mark.step), y(mark.dev_score), hollow=is_outside, size=3.4)
    is_left = x(history.best_step) < (LEFT + RIGHT) / 2
    shift, anchor = (6, "start") if is_left else (-6, "end")
    drawing.text(x(history.best_step) + shift, 254, f"kept: step {history.best_step}", "t small", anchor)


def _said(arm: str, history: TrainingHistory) -> str:
    marks = "; ".join(f"step {mark.step} {numbers.percent(mark.dev_score)}" for mark in history.checkpoints)
    return f"{arm}: training loss, and score on dev at {marks or 'no checkpoint'}; kept step {history.best_step}."
