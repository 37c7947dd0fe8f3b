"""How a person reads nodes and edges."""

from __future__ import annotations

from tasks.register.lineage.graph import Kind, Node, Relation

_RELATIONS: dict[Relation, tuple[str, str]] = {
    "read": ("read into", "read from"),
    "made": ("made into", "made from"),
    "learned": ("learned by", "learned from"),
    "used": ("used by", "used"),
    "registered": ("registered as", "made by"),
    "compressed": ("compressed to", "compressed from"),
    "continued": ("fine-tuned to", "fine-tuned from"),
    "private": ("privately fine-tuned to", "privately fine-tuned from"),
    "federated": ("averaged into", "averaged from"),
    "begun": ("begun as", "begun with"),
    "promoted": ("then", "decided on"),
    "served": ("served by", "serves"),
    "answered": ("answered in", "answers of"),
}
_SHOWN: dict[Kind, tuple[str, ...]] = {
    "file": ("sha256",),
    "dataset": ("rows",),
    "weights": ("what",),
    "run": ("status", "started"),
    "model": ("alias", "format", "compression", "epsilon", "gate"),
    "promotion": ("who", "why"),
}
_NAMED = ("compression", "epsilon", "gate", "rows")  # facts that say little without their name


def leads_to(relation: Relation) -> str:
    """How an edge reads from its beginning."""
    return _RELATIONS[relation][0]


def came_of(relation: Relation) -> str:
    """How an edge reads from its end."""
    return _RELATIONS[relation][1]


def in_short(node: Node) -> tuple[str, ...]:
    """What is worth a place beside a node's label."""
    facts = ((name, node.facts[name]) for name in _SHOWN.get(node.kind, ()) if name in node.facts)
    told = tuple(f"{name} {text}" if name in _NAMED else text for name, text in facts)
    return tuple(text[:16] if node.kind == "file" else text for text in told)
