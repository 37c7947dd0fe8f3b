"""What came of what: files, data set versions, runs, model versions and what became of them, as a directed graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Kind = Literal["file", "dataset", "weights", "run", "model", "promotion", "deployment", "predictions"]
Relation = Literal[
    "read", "made", "learned", "used", "registered", "compressed", "continued", "private", "federated", "begun",
    "promoted", "served", "answered",
]  # fmt: skip


@dataclass(frozen=True)
class Node:
    """One thing that something came of.

    Attributes:
        id: `file:SHA256`, `dataset:DIGEST`, `run:ID` or `models:/NAME/VERSION`.
        label: what a person calls it.
        facts: what else is known, in words.
        known: whether it was found; else it is only named by something that came of it.
    """

    kind: Kind
    id: str
    label: str
    facts: Mapping[str, str] = field(default_factory=dict)
    known: bool = True


@dataclass(frozen=True, order=True)
class Edge:
    """`to` came of `from_`, both ids of nodes."""

    from_: str
    to: str
    relation: Relation


@dataclass(frozen=True)
class Graph:
    """Nodes by id, and the edges between them.

    Nothing should come of itself. Tags that were set by hand may say so nevertheless; then `cycles` tells, and every
    question still has its answer.

    Attributes:
        notes: what could not be read while it was put together, a sentence each.
    """

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def _into(self) -> dict[str, list[Edge]]:
        found: dict[str, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.to, []).append(edge)
        return found

    @cached_property
    def _out_of(self) -> dict[str, list[Edge]]:
        found: dict[str, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.from_, []).append(edge)
        return found

    def causes(self, id_: str) -> list[Edge]:
        """The edges that end at a node."""
        return self._into.get(id_, [])

    def effects(self, id_: str) -> list[Edge]:
        """The edges that begin at a node."""
        return self._out_of.get(id_, [])

    def upstream(self, id_: str) -> frozenset[str]:
        """All that a node came of, however many steps away; itself only where it came of itself."""
        return self._reached(id_, upwards=True)

    def downstream(self, id_: str) -> frozenset[str]:
        """All that came of a node, however many steps away; itself only where it came of itself."""
        return self._reached(id_, upwards=False)

    def cycles(self) -> tuple[str, ...]:
        """The nodes that came of themselves."""
        return tuple(sorted(id_ for id_ in self._unordered() if id_ in self.downstream(id_)))

    def part(self, ids: Iterable[str], up: bool = True, down: bool = True) -> Graph:
        """The nodes with all that they came of and all that came of them."""
        kept = set(ids)
        for id_ in tuple(kept):
            kept |= self.upstream(id_) if up else frozenset()
            kept |= self.downstream(id_) if down else frozenset()
        edges = tuple(edge for edge in self.edges if edge.from_ in kept and edge.to in kept)
        return Graph({id_: node for id_, node in self.nodes.items() if id_ in kept}, edges, self.notes)

    def _reached(self, id_: str, upwards: bool) -> frozenset[str]:
        seen: set[str] = set()
        open_ = [id_]
        while open_:
            here = open_.pop()
            near = [edge.from_ for edge in self.causes(here)] if upwards else [edge.to for edge in self.effects(here)]
            fresh = set(near) - seen
            seen |= fresh
            open_ += fresh
        return frozenset(seen)

    def _unordered(self) -> set[str]:
        """The nodes that no order puts after all that they came of (Kahn's algorithm, CACM 5(11), 1962)."""
        waits = {id_: len(self.causes(id_)) for id_ in self.nodes}
        ready = [id_ for id_, count in waits.items() if not count]
        while ready:
            here = ready.pop()
            del waits[here]
            for edge in self.effects(here):
                waits[edge.to] -= 1
                if not waits[edge.to]:
                    ready.append(edge.to)
        return set(waits)
