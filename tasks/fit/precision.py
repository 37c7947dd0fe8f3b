"""Matrix products in 16 bits, by TensorFlow's own rewriting of a graph: weights and what is sensitive stay in 32."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import tensorflow as tf

from infra.errors import MachineError

Run = Callable[[], Any]
Precision = Literal["float32", "bfloat16", "float16"]
_REWRITES = {"bfloat16": "auto_mixed_precision_onednn_bfloat16", "float16": "auto_mixed_precision"}
_CPU_FLAGS = ("avx512_bf16", "amx_bf16")
_TRIALS = 5
LEAST_GAIN = 1.05  # what is nearer to 1 is the noise of the measurement


@contextmanager
def precision(wanted: Precision) -> Iterator[None]:
    """Graphs that first run in the block compute products at this precision."""
    if wanted == "float32":
        yield
        return
    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({_REWRITES[wanted]: True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({_REWRITES[wanted]: before.get(_REWRITES[wanted], False)})


def with_loss_scale(optimizer: Any, wanted: Precision) -> Any:
    """The optimiser as it is, or for float16 with a loss scale that keeps small gradients from vanishing.

    Dynamic scaling after Micikevicius et al. 2018, by Keras: a step with a number too large is left out and the scale
    halved. The scale is in no checkpoint: a resumed training finds it anew.
    """
    return tf.keras.mixed_precision.LossScaleOptimizer(optimizer) if wanted == "float16" else optimizer


def check_precision(wanted: Precision, trace: Callable[[], Run]) -> None:
    """Refuse a precision that this machine lacks, or that makes it no faster.

    Args:
        trace: gives what computes a step, in a graph that is new each time.

    Raises:
        MachineError: it has no GPU for float16, no instructions for bfloat16, or they are no faster, with the figure.
    """
    if wanted == "float16" and not tf.config.list_physical_devices("GPU"):
        raise _refused(wanted, "on a machine without a GPU")
    if wanted == "bfloat16" and not tf.config.list_physical_devices("GPU"):
        if not has_bfloat16():
            raise _refused(wanted, f"on a processor with none of {', '.join(_CPU_FLAGS)}")
        gain = measure_gain(wanted, trace)
        if gain < LEAST_GAIN:
            raise _refused(wanted, f"{gain:.2f} times as fast as float32 on this machine")


def measure_gain(wanted: Precision, trace: Callable[[], Run]) -> float:
    """How many times as fast a step is at this precision as in float32: medians of a few runs, in turn."""
    runs: dict[str, Run] = {"float32": trace()}
    runs["float32"]()
    with precision(wanted):
        runs[wanted] = trace()
        runs[wanted]()
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(_TRIALS):
        for name, run in runs.items():
            began = time.process_time()
            run()
            seconds[name].append(time.process_time() - began)
    return sorted(seconds["float32"])[_TRIALS // 2] / max(sorted(seconds[wanted])[_TRIALS // 2], 1e-9)


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16; only Linux says so."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return any(flag in flags for flag in _CPU_FLAGS)


def _refused(wanted: str, why: str) -> MachineError:
    return MachineError(
        "train.speed.precision",
        found=f"{wanted}, {why}",
        allowed=f"float32, or a precision at least {LEAST_GAIN} times as fast here",
        action="Leave it at float32.",
    )
