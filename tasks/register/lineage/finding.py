"""Which node a person means: by an address, a name, a digest or the file itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from infra.errors import NotFoundError, RecipeError
from tasks.data.manifest import MANIFEST, read_manifest
from tasks.register.lineage.graph import Graph, Node

_DIGITS = re.compile(r"[0-9a-f]{6,64}")
_ALIAS = re.compile(r"models:/(?P<name>[^/@]+)@(?P<alias>[^/@]+)")
_LISTED = 8


def find(graph: Graph, words: str) -> tuple[str, ...]:
    """The nodes that somebody's words name: one, or all versions of what has several.

    A file that lies here is known by its SHA-256, whatever it is called; a word of six or more hexadecimal digits is
    the beginning of a digest; else it is the name of a model, a data set or a source file.

    Raises:
        NotFoundError: there is no such thing in the lineage.
        RecipeError: several digests begin like that.
    """
    found = _by_address(graph, words) or _by_place(graph, Path(words).expanduser()) or _by_name(graph, words)
    found = found or _by_digits(graph, words)
    if not found:
        raise _nothing(graph, words)
    return tuple(found)


def _by_address(graph: Graph, words: str) -> list[str]:
    if words in graph.nodes:
        return [words]
    if spelled := _ALIAS.fullmatch(words):
        start = f"models:/{spelled['name']}/"
        return [
            node.id
            for node in graph.nodes.values()
            if node.id.startswith(start) and spelled["alias"] in node.facts.get("alias", "").split(", ")
        ]
    return []


def _by_place(graph: Graph, place: Path) -> list[str]:
    """A file, or the folder of a data set version. One that is here and was never read is not looked for by name."""
    if place.is_file():
        with place.open("rb") as content:
            id_ = f"file:{hashlib.file_digest(content, 'sha256').hexdigest()}"
    elif (place / MANIFEST).is_file():
        id_ = f"dataset:{read_manifest(place).digest}"
    else:
        return []
    if id_ in graph.nodes:
        return [id_]
    alike = _named(graph, place.name, "file")
    others = f"; {place.name} was read with {', '.join(one.partition(':')[2][:16] for one in alike)}" if alike else ""
    raise NotFoundError(
        str(place),
        found=f"{id_.replace(':', ' ')[:24]}, of which nothing came{others}",
        allowed="a file that a data set version was read from, or a version of this home",
        action="`lepton lineage MODEL --up` shows the files of a model.",
    )


def _by_name(graph: Graph, words: str) -> list[str]:
    versions = [id_ for id_ in graph.nodes if id_.startswith(f"models:/{words}/")]
    in_order = sorted(versions, key=lambda id_: id_.rpartition("/")[2].zfill(9))
    return in_order or _named(graph, words, "dataset") or _named(graph, words, "file")


def _named(graph: Graph, words: str, kind: str) -> list[str]:
    return sorted(node.id for node in graph.nodes.values() if node.kind == kind and words in _names(node))


def _names(node: Node) -> tuple[str, ...]:
    if node.kind == "dataset":
        return tuple(filter(None, node.facts.get("in", "").split(", ")))
    return (node.label, *filter(None, node.facts.get("also", "").split(", ")))


def _by_digits(graph: Graph, words: str) -> list[str]:
    if not _DIGITS.fullmatch(words):
        return []
    found = [id_ for id_ in graph.nodes if id_.partition(":")[2].startswith(words)]
    if len(found) > 1:
        raise RecipeError(
            f"digest {words}",
            found=f"{len(found)} that begin with it",
            allowed=", ".join(sorted(_short(id_) for id_ in found)[:_LISTED]),
            action="Give more digits.",
        )
    return found


def _short(id_: str) -> str:
    kind, _, digest = id_.partition(":")
    return f"{kind} {digest[:24]}"


def _nothing(graph: Graph, words: str) -> NotFoundError:
    nodes = graph.nodes.values()
    name = words.removeprefix("models:/").partition("/")[0].partition("@")[0]
    if versions := _by_name(graph, name) if words.startswith("models:/") else []:
        return NotFoundError(
            f"lineage of {words}",
            found="no such version or alias",
            allowed=_listed(versions),
            action="`lepton models` lists versions.",
        )
    models = _listed(sorted({node.id.split("/")[1] for node in nodes if node.kind == "model"}))
    datasets = _listed(
        sorted({name for node in nodes if node.kind == "dataset" and node.known for name in _names(node)})
    )
    files = _listed(sorted({node.label for node in nodes if node.kind == "file"}))
    return NotFoundError(
        f"lineage of {words}",
        found="nothing of that name or digest",
        allowed=f"models {models}; data sets {datasets}; files {files}",
        action="`lepton models` lists versions; any six or more digits of a digest will do.",
    )


def _listed(names: Iterable[str]) -> str:
    all_ = list(names)
    more = f" and {len(all_) - _LISTED} more" if len(all_) > _LISTED else ""
    return ", ".join(all_[:_LISTED]) + more or "(none)"
