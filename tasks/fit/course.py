"""How far a training has come, as a checkpoint holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tasks.fit.average import values
from tasks.fit.checkpoints import Checkpoint, State

_LOSSES, _MEASURED, _STEP = "losses", "measured/", "step"


class Course:
    """All that goes on after a resumption: the variables, the last losses, and what was measured.

    The position in the data, the rate and the masks of dropout follow from the number of the step; there is no other
    state of a random generator.

    Args:
        variables: TensorFlow's, by name.
        losses_kept: steps of an epoch.
    """

    def __init__(self, variables: Mapping[str, Any], losses_kept: int) -> None:
        self.variables, self.losses_kept = variables, losses_kept
        self.losses: list[float] = []
        self.measured: list[dict[str, float]] = []

    @property
    def mean_loss(self) -> float:
        """The mean of the losses of the last epoch's number of steps."""
        return sum(self.losses) / len(self.losses)

    def add_loss(self, loss: float) -> None:
        """Take in the loss of a step."""
        self.losses = [*self.losses[1 - self.losses_kept :], loss] if self.losses_kept > 1 else [loss]

    def add_measurement(self, step: int, metrics: Mapping[str, float]) -> None:
        """Take in what was measured after `step` steps."""
        self.measured.append({**metrics, _STEP: step})

    def history(self, metric: str) -> Sequence[float]:
        """All measurements of a metric, in order."""
        return [metrics[metric] for metrics in self.measured]

    def step_of(self, place: int) -> int:
        """Steps that were done at a measurement."""
        return int(self.measured[place][_STEP])

    def state(self) -> State:
        """Arrays that don't change when the training goes on."""
        names = self.measured[0] if self.measured else ()
        measured = {_MEASURED + name: np.array(self.history(name)) for name in names}
        arrays = dict(zip(self.variables, values(list(self.variables.values())), strict=True))
        return {_LOSSES: np.array(self.losses), **measured, **arrays}

    def resume(self, checkpoint: Checkpoint) -> None:
        """Be where the checkpoint was."""
        state = checkpoint.state
        for name, variable in self.variables.items():
            variable.assign(state[name])
        self.losses = state[_LOSSES].tolist()
        columns = {
            name.removeprefix(_MEASURED): array.tolist() for name, array in state.items() if name.startswith(_MEASURED)
        }
        rows = zip(*columns.values(), strict=True)
        self.measured = [dict(zip(columns, row, strict=True)) for row in rows]
