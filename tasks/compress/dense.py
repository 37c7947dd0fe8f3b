"""Dense layers on texts as one operation of a TFLite file, where the converter writes ten.

Keras multiplies (b, t, n) by a matrix as a tensordot: it works out b * t, makes the tensor (b * t, n), multiplies,
makes it (b, t, m) and adds the bias. TFLite's FULLY_CONNECTED does all of that by itself, with `keep_num_dims`. What is
gone is not only work: that arithmetic needs REDUCE_PROD, which the calibration of TFLite's converter does not know.
"""

from __future__ import annotations

from typing import Any

from tasks.compress.graph import NONE, Graph, Opened

_KEEPS_AXES = 5  # the first version of FULLY_CONNECTED that knows keep_num_dims


def join_dense(content: bytes) -> bytes:
    """A TFLite model that gives what the given one does, its dense layers on several axes in one operation each."""
    opened = Opened(content)
    for graph in opened.graphs:
        _Joining(graph).join()
    return opened.content


class _Joining:
    """A graph whose dense layers are being joined."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.makers = graph.makers

    def join(self) -> None:
        """Give each dense layer its input as it was, and its output to whoever took the one reshaped back."""
        for operator in list(self.graph.subgraph.operators):
            if self.graph.is_(operator, "FULLY_CONNECTED"):
                found = self._tensordot(operator)
                if found:
                    self._unreshape(operator, *found)
                    self._take_bias(operator)
        self.graph.drop_dead()

    def _tensordot(self, dense: Any) -> tuple[int, Any] | None:
        """What a dense layer's rows were before they lost an axis, and the operator that gives it back to them."""
        graph, before = self.graph, self._maker(int(dense.inputs[0]))
        after = graph.only_user(int(dense.outputs[0]))
        if not (graph.is_(before, "RESHAPE") and graph.is_(after, "RESHAPE")) or len(after.inputs) < 2:
            return None
        source, given = self._shape_source(int(after.inputs[1])), int(before.inputs[0])
        if source is None or graph.shape(source)[-1] != graph.shape(int(dense.inputs[1]))[-1]:
            return None
        twin = self._maker(source)  # the same numbers, from another operator that reshapes
        is_same = source == given or (graph.is_(twin, "RESHAPE") and int(twin.inputs[0]) == given)
        return (source, after) if is_same else None

    def _shape_source(self, shape: int) -> int | None:
        """The tensor of which all axes but the last stand in a shape that a tensordot works out."""
        graph, joined = self.graph, self._maker(shape)
        if not graph.is_(joined, "CONCATENATION") or len(joined.inputs) != 2:
            return None
        gathered = self._maker(int(joined.inputs[0]))
        if not graph.is_(gathered, "GATHER"):
            return None
        measured = self._maker(int(gathered.inputs[0]))
        if not graph.is_(measured, "SHAPE"):
            return None
        source, axes = int(measured.inputs[0]), graph.integers(int(gathered.inputs[1]))
        return source if axes == list(range(len(graph.shape(source)) - 1)) else None

    def _unreshape(self, dense: Any, source: int, after: Any) -> None:
        dense.inputs = [source, *(int(place) for place in dense.inputs[1:])]
        dense.outputs = [int(after.outputs[0])]
        dense.builtinOptions.keepNumDims = True
        code = self.graph.model.operatorCodes[dense.opcodeIndex]
        code.version = max(code.version, _KEEPS_AXES)
        self._replace(after, dense)

    def _take_bias(self, dense: Any) -> None:
        """Let a dense layer without a bias add the vector that is added to its output, and do what follows that."""
        graph, adding = self.graph, self.graph.only_user(int(dense.outputs[0]))
        has_bias = len(dense.inputs) > 2 and dense.inputs[2] != NONE
        if has_bias or dense.builtinOptions.fusedActivationFunction or not graph.is_(adding, "ADD"):
            return
        bias = next((int(place) for place in adding.inputs if place != dense.outputs[0]), NONE)
        if not graph.is_constant(bias) or graph.shape(bias) != graph.shape(int(dense.inputs[1]))[:1]:
            return
        dense.inputs = [*dense.inputs[:2], bias]
        if adding.builtinOptions is not None:
            dense.builtinOptions.fusedActivationFunction = adding.builtinOptions.fusedActivationFunction
        dense.outputs = [int(adding.outputs[0])]
        self._replace(adding, dense)

    def _maker(self, place: int) -> Any:
        """The operator that makes a tensor; None for constants and inputs."""
        return self.makers.get(place)

    def _replace(self, gone: Any, operator: Any) -> None:
        self.graph.subgraph.operators.remove(gone)
        self.makers[int(gone.outputs[0])] = operator
