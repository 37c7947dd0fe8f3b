"""Tables of embeddings multiplied out with the dense layer that they flow into.

A dense layer on embeddings that stand side by side computes the sum of E_c[i_c] W_c over columns c, where W_c is the
part of its kernel for column c. The products E_c W_c are tables too. All of them in one table of the layer's width
make of a look-up a column, their concatenation and most of the layer's product one look-up and a sum: of a small model,
which costs by its operations, most of the time. The layer must be narrow for that, so this follows `prune_neurons`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from infra.errors import RecipeError
from tasks.compress.subject import Subject
from tasks.compress.surgery import Replacement, rebuilt
from tasks.compress.wiring import Wiring, inputs_of

Matrix = NDArray[np.float32]


class Offsets(tf.keras.layers.Layer):  # type: ignore[misc]
    """Places (b, columns) in tables that each begin at 0 to places in one table that has all of their rows.

    Args:
        starts: the row of that table at which each column's rows begin, by the column's number.
        columns: which of the columns that come in are looked up; none: all.
    """

    def __init__(self, starts: Sequence[int], columns: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        self.starts, self.columns = list(starts), list(columns)

    def call(self, inputs: Any) -> Any:
        """Add each column's beginning to its places."""
        chosen = tf.gather(inputs, self.columns, axis=1) if self.columns else inputs
        return chosen + tf.constant(self.starts, chosen.dtype)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "starts": self.starts, "columns": self.columns}


class Total(tf.keras.layers.Layer):  # type: ignore[misc]
    """Vectors (b, n, size) to their sum (b, size)."""

    def call(self, inputs: Any) -> Any:
        """Sum."""
        return tf.reduce_sum(inputs, axis=1)


@dataclass(frozen=True)
class _Table:
    """One of the tables that flow into a dense layer: of which column, with the rows of the kernel that take it."""

    layer: Any
    column: int
    rows: slice


@dataclass(frozen=True)
class _Fold:
    """A dense layer with the tables that flow into it.

    Attributes:
        categories: the tensor (b, columns) whose columns are looked up.
        tables: by column.
        others: the tensors beside them, and the rows of the kernel that take each.
    """

    dense: Any
    categories: Any
    tables: tuple[_Table, ...]
    others: tuple[tuple[Any, slice], ...]

    @property
    def takes(self) -> list[Any]:
        """What flows into the product."""
        return [self.categories, *(tensor for tensor, _ in self.others)]

    def weights(self) -> list[Matrix]:
        """The product's."""
        if not self.others:
            return [self._table()]
        kernel = self.dense.kernel.numpy()
        beside = np.concatenate([kernel[rows] for _, rows in self.others])
        return [self._table(), beside, *([self.dense.bias.numpy()] if self.dense.use_bias else [])]

    def is_like(self, other: _Fold) -> bool:
        """Whether it is the same product, of other tensors."""
        mine, theirs = ((each.tables, [rows for _, rows in each.others]) for each in (self, other))
        return mine == theirs

    def _table(self) -> Matrix:
        kernel = self.dense.kernel.numpy().astype(np.float64)
        parts = [table.layer.get_weights()[0] @ kernel[table.rows] for table in self.tables]
        if not self.others and self.dense.use_bias:
            parts[0] = parts[0] + self.dense.bias.numpy()  # each row of which is added once
        table: Matrix = np.concatenate(parts).astype(np.float32)
        return table


def fold_tables(subject: Subject) -> Subject:
    """The subject with one table in place of all that flow side by side into a dense layer; it gives what it gave.

    Raises:
        RecipeError: there are none.
    """
    wiring = Wiring(subject.network)
    found = {id(layer): made for layer in wiring.layers if (made := _folded(wiring, layer))}
    if not found:
        raise RecipeError(
            "compress.fold_tables",
            found=f"a model of {subject.manifest.task} without tables of embeddings side by side before a dense layer",
            allowed="a tabular model with categories",
            action="Leave the step out.",
        )
    return subject.changed(rebuilt(subject.network, lambda layer: found.get(id(layer))))


def _folded(wiring: Wiring, dense: Any) -> Replacement | None:
    """What stands in a dense layer's place where the same tables flow into it wherever it is called."""
    if type(dense) is not tf.keras.layers.Dense:
        return None
    folds = {id(call): _fold(wiring, dense, call) for call in wiring.calls(dense)}
    first, *others = folds.values()
    if first is None or not all(other and first.is_like(other) for other in others):
        return None
    takes = {call: fold.takes for call, fold in folds.items() if fold}
    return Replacement([_drawn(first)], [first.weights()], lambda call: takes[id(call)])


def _fold(wiring: Wiring, dense: Any, call: Any) -> _Fold | None:
    """The tables that flow into a layer, all of which look up columns of one tensor; None where there are none."""
    (tensor,) = inputs_of(call)
    joined = type(tensor.node.layer) is tf.keras.layers.Concatenate and len(wiring.takers(tensor)) == 1
    parts = inputs_of(tensor.node) if joined else [tensor]
    tables, others, start, categories = list[_Table](), list[tuple[Any, slice]](), 0, None
    for part in parts:
        rows = slice(start, start := start + part.shape[-1])
        looked_up = _looked_up(part) if len(wiring.takers(part)) == 1 else None
        if looked_up and (categories is None or categories is looked_up[0]):
            categories = looked_up[0]
            tables.append(_Table(part.node.layer, looked_up[1], rows))
        else:
            others.append((part, rows))
    if categories is None:
        return None
    return _Fold(dense, categories, tuple(sorted(tables, key=lambda table: table.column)), tuple(others))


def _looked_up(tensor: Any) -> tuple[Any, int] | None:
    """The tensor of places, and which of its columns an embedding looks up, where `tensor` is such an embedding."""
    if type(tensor.node.layer) is not tf.keras.layers.Embedding:
        return None
    (places,) = inputs_of(tensor.node)
    if type(places.node.layer).__name__ != "SlicingOpLambda":
        return None
    node = places.node
    spec = node.call_kwargs.get("slice_spec") or node.call_args[1]  # by name in a graph that was read from a file
    column = spec[-1]
    return (node.call_args[0], column) if len(spec) == 2 and isinstance(column, int) else None


def _drawn(fold: _Fold) -> Any:
    """A model of the categories and the tensors beside them, with the product's layers. Names follow the layer's."""
    dense, name = fold.dense, fold.dense.name
    sizes = [table.layer.input_dim for table in fold.tables]
    starts = np.cumsum([0, *sizes[:-1]]).tolist()
    categories = tf.keras.Input(fold.categories.shape[1:], dtype=fold.categories.dtype, name="categories")
    columns = [table.column for table in fold.tables]
    is_all = columns == list(range(fold.categories.shape[1]))
    places = Offsets(starts, [] if is_all else columns, name=f"{name}_places")(categories)
    rows = tf.keras.layers.Embedding(sum(sizes), dense.units, name=f"{name}_tables")(places)
    total, inputs = Total(name=f"{name}_total")(rows), [categories]
    if fold.others:
        inputs += [tf.keras.Input(tensor.shape[1:], dtype=tensor.dtype) for tensor, _ in fold.others]
        beside = tf.keras.layers.concatenate(inputs[1:]) if len(inputs) > 2 else inputs[1]
        product = tf.keras.layers.Dense(dense.units, use_bias=dense.use_bias, name=name)(beside)
        total = tf.keras.layers.add([total, product])
    outputs = tf.keras.layers.Activation(dense.activation, name=f"{name}_activation")(total)
    return tf.keras.Model(inputs, outputs, name=f"{name}_folded")
