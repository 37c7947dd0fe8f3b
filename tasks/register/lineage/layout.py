"""Where the nodes of a graph stand in a picture: in layers, each below all that it came of.

The steps are those of Sugiyama, Tagawa and Toda (IEEE Trans. SMC 11(2), 1981): layers by the longest way, edges over
several layers through a point in each, and an order in each layer by the barycentre of a node's neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tasks.register.lineage.graph import Edge, Graph, Node

BOX = (208, 46)
"""Width and height of a node, in pixels."""
_GAP, _LAYER, _POINT, _MARGIN, _SWEEPS = 18, 96, 14, 12, 6

_Layers = list[list[str]]


@dataclass(frozen=True)
class Box:
    """A node with the place of its middle."""

    node: Node
    x: float
    y: float


@dataclass(frozen=True)
class Curve:
    """An edge, as a path of SVG."""

    edge: Edge
    path: str


@dataclass(frozen=True)
class Drawing:
    """All that is in the picture, and its size in pixels."""

    boxes: tuple[Box, ...]
    curves: tuple[Curve, ...]
    width: float
    height: float


def draw(graph: Graph) -> Drawing:
    """Give every node a place; no two boxes overlap."""
    depth = depths(graph)
    ways = {edge: _way(edge, depth) for edge in graph.edges}
    layers = _ordered(_in_layers(depth, ways.values()), [*ways.values()])
    place, width = _placed(layers, graph)
    boxes = tuple(Box(node, *place[id_]) for id_, node in graph.nodes.items())
    curves = tuple(Curve(edge, _path([place[point] for point in way])) for edge, way in ways.items())
    return Drawing(boxes, curves, width, len(layers) * _LAYER - (_LAYER - BOX[1]) + 2 * _MARGIN)


def depths(graph: Graph) -> dict[str, int]:
    """The layer of each node: below all that it came of. In a cycle some edge has to lead up."""
    depth: dict[str, int] = {}
    waits = {id_: len(graph.causes(id_)) for id_ in graph.nodes}
    ready = sorted(id_ for id_, count in waits.items() if not count)
    while waits:
        here = ready.pop() if ready else min(waits)
        if waits.pop(here, None) is None:
            continue
        depth[here] = 1 + max((depth[edge.from_] for edge in graph.causes(here) if edge.from_ in depth), default=-1)
        for edge in graph.effects(here):
            if edge.to in waits:
                waits[edge.to] -= 1
                ready += [edge.to] if not waits[edge.to] else []
    return depth


def _way(edge: Edge, depth: dict[str, int]) -> tuple[str, ...]:
    """The points that an edge goes through: its ends, and one in each layer between them."""
    between = range(depth[edge.from_] + 1, depth[edge.to])
    return (edge.from_, *(f"{edge.from_} > {edge.to} {edge.relation} {layer}" for layer in between), edge.to)


def _in_layers(depth: dict[str, int], ways: Iterable[Sequence[str]]) -> _Layers:
    layers: _Layers = [[] for _ in range(max(depth.values(), default=0) + 1)]
    for id_ in sorted(depth):
        layers[depth[id_]].append(id_)
    for way in ways:
        for step, point in enumerate(way[1:-1], start=depth[way[0]] + 1):
            layers[step].append(point)
    return layers


def _ordered(layers: _Layers, ways: Sequence[Sequence[str]]) -> _Layers:
    """Each layer in the order of the places of its neighbours in the layer above, then below, some times over."""
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for way in ways:
        for first, second in pairwise(way):
            below.setdefault(first, []).append(second)
            above.setdefault(second, []).append(first)
    for sweep in range(_SWEEPS):
        near = below if sweep % 2 else above
        places = {point: (place + 0.5) / len(layer) for layer in layers for place, point in enumerate(layer)}
        for layer in reversed(layers) if sweep % 2 else layers:
            weight = {
                point: sum(places[one] for one in near[point]) / len(near[point]) if near.get(point) else places[point]
                for point in layer
            }
            layer.sort(key=lambda point, weight=weight: (weight[point], point))  # type: ignore[misc]
            places |= {point: (place + 0.5) / len(layer) for place, point in enumerate(layer)}
    return layers


def _placed(layers: _Layers, graph: Graph) -> tuple[dict[str, tuple[float, float]], float]:
    widths = [[BOX[0] if point in graph.nodes else _POINT for point in layer] for layer in layers]
    lengths = [sum(row) + _GAP * (len(row) - 1) for row in widths]
    width = max(lengths, default=0) + 2 * _MARGIN
    place: dict[str, tuple[float, float]] = {}
    for number, (layer, row, length) in enumerate(zip(layers, widths, lengths, strict=True)):
        x, y = (width - length) / 2, number * _LAYER + BOX[1] / 2 + _MARGIN
        for point, size in zip(layer, row, strict=True):
            place[point] = (x + size / 2, y)
            x += size + _GAP
    return place, width


def _path(points: Sequence[tuple[float, float]]) -> str:
    """A curve from the foot of the first box to the head of the last one, upright at every point."""
    half = BOX[1] / 2
    (x, y), (end_x, end_y) = points[0], points[-1]
    through = [(x, y + half), *points[1:-1], (end_x, end_y - half)]
    path = f"M{x:.0f} {y + half:.0f}"
    for (ax, ay), (bx, by) in pairwise(through):
        bend = (by - ay) / 2
        path += f" C{ax:.0f} {ay + bend:.0f} {bx:.0f} {by - bend:.0f} {bx:.0f} {by:.0f}"
    return path
