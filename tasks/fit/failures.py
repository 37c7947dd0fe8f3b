"""A step that went wrong, told so that one can do something about it."""

from __future__ import annotations

import logging
import math

from infra.errors import TrainingError
from tasks.fit.batches import Examples, Rows
from tasks.fit.step import Outcome

log = logging.getLogger(__name__)
NAMED_ROWS = 5


def check_finite(outcome: Outcome, step: str, learning_rate: float, examples: Examples, rows: Rows) -> None:
    """Refuse a loss, or gradients, that are no numbers: what comes after would be none either.

    Args:
        step: which one, for people.
        rows: of the global batch, which is named in the log, and its first rows in the error.

    Raises:
        TrainingError: so it is.
    """
    if math.isfinite(outcome.loss) and math.isfinite(outcome.gradient_norm):
        return
    what = f"a loss of {outcome.loss}" if not math.isfinite(outcome.loss) else "gradients that are no numbers"
    names = [str(name) for name in (rows if examples.ids is None else examples.ids[rows])]
    log.error("%s at step %s; rows of the batch: %s", what, step, " ".join(names))
    more = f" and {len(names) - NAMED_ROWS} more" if len(names) > NAMED_ROWS else ""
    raise TrainingError(
        "train.optimizer.learning_rate",
        found=f"{learning_rate}, and {what} at step {step}, of the rows {', '.join(names[:NAMED_ROWS])}{more}",
        allowed="a loss that is a number",
        action="Lower the rate, for example by --set, or look for absurd numbers in these rows.",
    )
