"""Which model versions learned from a subject's rows, which were measured on them, and of which nobody can tell."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.register.lineage.graph import Graph
from tasks.register.lineage.subjects import Search


@dataclass(frozen=True)
class Exposure:
    """Model versions by what they have to do with a subject.

    Attributes:
        saw: learned from its rows, or came of a model that did.
        measured: were only measured on its rows.
        unsure: came of data that is not in this home, so that nobody can look.
    """

    saw: tuple[str, ...]
    measured: tuple[str, ...]
    unsure: tuple[str, ...]


def exposure(graph: Graph, search: Search) -> Exposure:
    """Sort the models of a graph by what their data set versions hold of a subject."""
    saw = _models_of(graph, {f"dataset:{one.digest}" for one in search.holdings if one.train})
    measured = _learners(graph, {f"dataset:{one.digest}" for one in search.holdings if one.test})
    unsure = _models_of(graph, _unsearched(graph, search)) | _without_data(graph)
    return Exposure(_ordered(saw), _ordered(measured - saw), _ordered(unsure - saw))


def _unsearched(graph: Graph, search: Search) -> set[str]:
    """What could hold the subject's rows, and nobody can look."""
    gaps = {f"dataset:{gap.digest}": gap.onward for gap in search.gaps}
    later = {id_ for gap, onward in gaps.items() if onward for id_ in graph.downstream(gap)}
    unknown = {node.id for node in graph.nodes.values() if not node.known and node.kind in ("dataset", "weights")}
    return gaps.keys() | {id_ for id_ in later if graph.nodes[id_].kind == "dataset"} | unknown


def _learners(graph: Graph, datasets: set[str]) -> set[str]:
    """Models whose own runs took one of the data sets, or that name it without a run."""
    takers = {edge.to for id_ in datasets for edge in graph.effects(id_) if graph.nodes[edge.to].kind != "dataset"}
    made = {edge.to for taker in takers for edge in graph.effects(taker)} | takers
    return {id_ for id_ in made if graph.nodes[id_].kind == "model"}


def _models_of(graph: Graph, sources: set[str]) -> set[str]:
    """Models that learned from one of the sources, and all models that came of those."""
    first = _learners(graph, sources)
    later = {id_ for model in first for id_ in graph.downstream(model)}
    return first | {id_ for id_ in later if graph.nodes[id_].kind == "model"}


def _without_data(graph: Graph) -> set[str]:
    """Models from which no data set version is to be reached."""
    models = [node for node in graph.nodes.values() if node.kind == "model"]
    return {
        node.id
        for node in models
        if not node.known or not any(graph.nodes[id_].kind == "dataset" for id_ in graph.upstream(node.id))
    }


def _ordered(models: set[str]) -> tuple[str, ...]:
    return tuple(sorted(models, key=lambda uri: (uri.rpartition("/")[0], uri.rpartition("/")[2].zfill(9))))
