"""A lineage as a tree in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.tree import Tree

from tasks.register.lineage.words import came_of, in_short, leads_to

if TYPE_CHECKING:
    from tasks.register.lineage.graph import Edge, Graph, Node

_MOST_BRANCHES = 25


def tree(graph: Graph, id_: str, up: bool, down: bool, seen: set[str]) -> Tree:
    """A node, below it what it came of and what came of it.

    Args:
        seen: what has its branches already; it is named again without them. Nodes are added.
    """
    root = Tree(_words(graph.nodes[id_]), guide_style="dim")
    if up:
        _grow(root, graph, id_, upwards=True, seen=seen)
    if down:
        _grow(root, graph, id_, upwards=False, seen=seen)
    return root


def _grow(branch: Tree, graph: Graph, id_: str, upwards: bool, seen: set[str]) -> None:
    edges = graph.causes(id_) if upwards else graph.effects(id_)
    seen.add(f"{id_} {upwards}")
    for edge in edges[:_MOST_BRANCHES]:
        other = edge.from_ if upwards else edge.to
        is_shown = f"{other} {upwards}" in seen
        goes_on = bool(graph.causes(other) if upwards else graph.effects(other))
        again = " [dim]see above[/]" if is_shown and goes_on else ""
        twig = branch.add(f"[dim]{_relation(edge, upwards)}[/] {_words(graph.nodes[other])}{again}")
        if not is_shown:
            _grow(twig, graph, other, upwards, seen)
    if len(edges) > _MOST_BRANCHES:
        branch.add(f"[dim]and {len(edges) - _MOST_BRANCHES:,} more: --json has all[/]")


def _relation(edge: Edge, upwards: bool) -> str:
    return came_of(edge.relation) if upwards else leads_to(edge.relation)


def _words(node: Node) -> str:
    label = f"[bold]{escape(node.label)}[/]" if node.known else f"[yellow]{escape(node.label)}[/]"
    return "  ".join([label, *(escape(text) for text in in_short(node))])
