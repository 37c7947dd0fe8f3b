"""Whether every step from a model version back to its source files is known."""

from __future__ import annotations

import re

from tasks.register.lineage.graph import Graph, Node

_SHA256 = re.compile(r"[0-9a-f]{64}")


def missing_links(graph: Graph, version: str) -> list[str]:
    """What is not known of how a model version came to be, a sentence each; empty: its lineage is complete.

    Complete means: it and every model that it came of is in the registry, was made by a run that is there, from data
    set versions whose manifests are there and lead to source files with their SHA-256. The weights of a published
    encoder end a lineage: what they were trained on is their publisher's to say.

    Args:
        version: such as `models:/income/3`.
    """
    if version not in graph.nodes:
        return [f"{version} is not in the registry"]
    ids = sorted({version, *graph.upstream(version)})
    cyclic = set(graph.cycles()).intersection(ids)
    found = [f"{id_} names itself among what it came of" for id_ in sorted(cyclic) if graph.nodes[id_].kind == "model"]
    for id_ in ids:
        found += _missing_at(graph, graph.nodes[id_])
    return found


def _missing_at(graph: Graph, node: Node) -> list[str]:
    if not node.known:
        return [_absence(graph, node)]
    if node.kind == "model":
        return _missing_at_model(graph, node)
    if node.kind == "dataset":
        return _missing_at_dataset(graph, node)
    if node.kind == "file" and not _SHA256.fullmatch(node.id.partition(":")[2]):
        return [f"the source file {node.label} has no SHA-256"]
    return []


def _missing_at_model(graph: Graph, node: Node) -> list[str]:
    makers = [edge.from_ for edge in graph.causes(node.id) if edge.relation == "registered"]
    taken = {graph.nodes[edge.from_].kind for made in (node.id, *makers) for edge in graph.causes(made)}
    no_run = [] if makers else [f"{node.id} names no run that made it"]
    return no_run + ([] if "dataset" in taken else [f"{node.id} names no data set version"])


def _missing_at_dataset(graph: Graph, node: Node) -> list[str]:
    if "without source" in node.facts:
        return [f"the data set {node.label} names neither a source file nor a version that it was made from"]
    if not any(graph.nodes[id_].kind == "file" for id_ in graph.upstream(node.id)):
        return [f"the data set {node.label} leads to no source file"]
    return []


def _absence(graph: Graph, node: Node) -> str:
    named_by = ", ".join(graph.nodes[edge.to].label for edge in graph.effects(node.id))
    if node.kind == "run":
        return f"{node.label}, named by {named_by}: {node.facts['status']}"
    if node.kind == "weights":
        return f"what {node.facts['folder']} learned from, with which {named_by} began, is not known"
    return f"{node.label}, named by {named_by}, is not there"
