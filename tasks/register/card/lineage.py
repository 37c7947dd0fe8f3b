"""What a model version came of, in lines."""

from __future__ import annotations

from tasks.register.lineage.graph import Graph, Kind

_IN_ORDER: dict[Kind, str] = {
    "file": "source file",
    "dataset": "data set version",
    "weights": "published weights",
    "run": "run",
    "model": "model version",
}
_MOST = 30


def origins(graph: Graph, version: str) -> tuple[str, ...]:
    """A line for each node that a version came of, files first; what is only named by others is said to be so."""
    above = [graph.nodes[id_] for id_ in sorted(graph.upstream(version))] if version in graph.nodes else []
    shown = [node for kind in _IN_ORDER for node in above if node.kind == kind]
    lines = [f"{_IN_ORDER[node.kind]} {node.label}{'' if node.known else ' (not found)'}" for node in shown]
    more = len(lines) - _MOST
    return (*lines[:_MOST], *([f"and {more:,} more"] if more > 0 else []))
