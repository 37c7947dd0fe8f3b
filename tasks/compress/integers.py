"""Dense layers and convolutions that compute in int8, inputs and outputs too, by TFLite's own quantiser.

The rest stays float, as in Q8BERT (Zafrir et al. 2019). TFLite would quantise all of it, and lose a text encoder's
accuracy in three places: sums of squares and their roots in norms, whose values span orders of magnitude; the residual
stream, a few channels of which are far larger than the others; and scores of attention, where whatever keeps out
padding has to fit in the same 256 steps as the scores themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasks.compress.balance import balance
from tasks.compress.calibration import calibrated
from tasks.compress.graph import Opened
from tasks.runtime.arrays import Arrays

_DENSE = ("FULLY_CONNECTED",)
_CONVOLUTION = ("CONV_2D", "DEPTHWISE_CONV_2D")
_BETWEEN = ("MAX_POOL_2D", "AVERAGE_POOL_2D", "RESHAPE")  # what stands between convolutions, and rounds nothing


def quantise_activations(content: bytes, batches: Sequence[Arrays], *, balanced: bool = True) -> bytes:
    """A float TFLite model of one graph, its dense layers and convolutions in int8; inputs and outputs stay.

    Args:
        balanced: whether channels are balanced first; not for weights that were trained on the grid of one scale.

    Raises:
        TrainingError: an activation is not a number.
    """
    from tensorflow.lite.python.convert import mlir_quantize

    ready = calibrated(balance(content, batches) if balanced else content, batches)
    return bytes(mlir_quantize(ready, denylisted_ops=_left_float(ready)))


def _left_float(content: bytes) -> set[str]:
    """The names of the operations that are to stay float."""
    (graph,) = Opened(content).graphs
    names = {value: name for name, value in vars(graph.schema.BuiltinOperator).items() if not name.startswith("_")}
    there = {names[graph.name(operator)] for operator in graph.subgraph.operators}
    between = _BETWEEN if there & set(_CONVOLUTION) else ()
    return there - {*_DENSE, *_CONVOLUTION, *between}
