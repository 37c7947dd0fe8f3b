"""What to do when a batch does not fit into memory: which size would."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from infra.errors import MachineError

OUT_OF_MEMORY = (tf.errors.ResourceExhaustedError, MemoryError)


def fitting_rows(rows: int, attempt: Callable[[int], None]) -> int:
    """The largest of half, a quarter and so on of `rows` that `attempt` computes without running out; 0 if none."""
    while rows > 1:
        rows //= 2
        try:
            attempt(rows)
        except OUT_OF_MEMORY:
            continue
        return rows
    return 0


def memory_error(batch_size: int, fitting: int, parts: int, step: int) -> MachineError:
    """Memory ran out in a step: the error that says what fits.

    Args:
        fitting: rows of all workers that fit at once.
        parts: in how many a batch was computed.
    """
    needed = -(-batch_size // fitting) if fitting else 0
    return MachineError(
        "train.batch_size",
        found=f"{batch_size}, for which memory ran out at step {step}",
        allowed=f"{fitting * parts} or less, which was tried and fits"
        if fitting
        else "what fits; not even one row does",
        action=f"Set it to {fitting * parts}, or compute it in parts: train.optimizer.accumulate_steps={needed}."
        if fitting
        else "Shorten the texts (train.encoder.max_tokens), take a smaller model, or more memory.",
    )
