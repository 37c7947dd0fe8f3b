"""What `lepton lineage` finds, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra.disk import disk_errors
from tasks.register.lineage.completeness import missing_links
from tasks.register.lineage.exposure import Exposure, exposure
from tasks.register.lineage.finding import find
from tasks.register.lineage.graph import Graph
from tasks.register.lineage.page import page
from tasks.register.lineage.subjects import Search, search


@dataclass(frozen=True)
class Found:
    """The lineage of what was asked for.

    Attributes:
        asked: the nodes that the words named.
        missing: what is not known of how the asked models came to be, a sentence each.
    """

    words: str
    asked: tuple[str, ...]
    up: bool
    down: bool
    graph: Graph
    missing: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "asked": list(self.asked),
            "complete": not (self.missing or self.graph.notes),
            "missing": [*self.missing, *self.graph.notes],
            "nodes": [asdict(node) for node in self.graph.nodes.values()],
            "edges": [{"from": one.from_, "to": one.to, "relation": one.relation} for one in self.graph.edges],
        }

    def write_page(self, file: Path) -> None:
        """As HTML.

        Raises:
            MachineError: it can't be written.
        """
        title = self.asked[0] if len(self.asked) == 1 and self.asked[0].startswith("models:/") else self.words
        text = page(self.graph, title, self.asked, self.missing)
        with disk_errors(str(file)):
            file.write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class SubjectFound:
    """Where a subject's rows are, and which models have to do with them."""

    search: Search
    exposure: Exposure
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self.search), **asdict(self.exposure), "notes": list(self.notes)}


def find_lineage(words: str, up: bool, down: bool) -> Found:
    """The part of the home's lineage that is up from or down from what the words name.

    Raises:
        NotFoundError: there is no such thing in it.
        RecipeError: the words name several things.
    """
    from infra.stores.tracking import connect
    from tasks.register.lineage.assembly import assemble
    from tasks.register.steps.lineage import read_records, with_runs

    connect()
    records = read_records()
    whole = assemble(records)
    asked = find(whole, words)
    graph = assemble(with_runs(records, whole.part(asked, up=up, down=down))).part(asked, up=up, down=down)
    models = [id_ for id_ in asked if graph.nodes[id_].kind == "model"] if up else []
    missing = dict.fromkeys(sentence for id_ in models for sentence in missing_links(graph, id_))
    return Found(words, asked, up, down, graph, tuple(missing))


def find_subject(subject: str, column: str) -> SubjectFound:
    """Look through all data set versions of the home, and tell by their lineage which models learned from the rows."""
    from infra.stores.tracking import connect
    from tasks.register.lineage.assembly import assemble
    from tasks.register.steps.lineage import read_records

    connect()
    records = read_records()
    found = search(records.versions, subject, column)
    return SubjectFound(found, exposure(assemble(records), found), records.notes)
