"""A lineage as a page in HTML: a picture and a list, in one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tasks.register.lineage.graph import Graph
from tasks.register.lineage.layout import BOX, draw
from tasks.register.lineage.words import came_of, in_short, leads_to

_MOST_DRAWN = 200
_TITLES = {
    "file": "Source files",
    "dataset": "Data set versions",
    "weights": "Weights to begin with",
    "run": "Runs",
    "model": "Model versions",
    "promotion": "Promotions",
    "deployment": "Deployments",
    "predictions": "Files of predictions",
}


def page(graph: Graph, title: str, asked: Sequence[str], missing: Sequence[str] = ()) -> str:
    """The document; all that is not of the template is escaped.

    Args:
        asked: the nodes whose lineage it is.
        missing: what is not known of it, a sentence each.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folder = Path(__file__).parent / "templates"
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(came_of=came_of, leads_to=leads_to, in_short=in_short, cut=_cut)
    anchors = {id_: f"n{number}" for number, id_ in enumerate(graph.nodes)}
    kinds = [(name, [node for node in graph.nodes.values() if node.kind == kind]) for kind, name in _TITLES.items()]
    return environment.get_template("lineage.html").render(
        title=title,
        asked=asked,
        missing=(*missing, *graph.notes),
        graph=graph,
        anchors=anchors,
        kinds=[(name, nodes) for name, nodes in kinds if nodes],
        drawing=draw(graph) if len(graph.nodes) <= _MOST_DRAWN else None,
        box=BOX,
    )


def _cut(text: str, most: int = 27) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
