"""The graph of a home, put together from manifests of data set versions and from what MLflow says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from pydantic import ValidationError

from tasks.data.catalogue import version_folders
from tasks.data.manifest import read_manifest
from tasks.data.version import Version
from tasks.register.lineage.graph import Edge, Graph, Kind, Node
from tasks.register.lineage.records import LOST, ModelRecord, PromotionRecord, RunRecord

DATASET_DIGEST, PARENT_VERSION, STARTED_FROM = "lepton.dataset_digest", "lepton.parent_version", "lepton.started_from"
_MODEL, _SHOWN_DIGITS = "models:/", 16
_KINDS: dict[str, Kind] = {"file": "file", "dataset": "dataset", "run": "run", "models": "model", "weights": "weights"}
_CALLED: dict[Kind, str] = {"dataset": "data set", "model": "model version", "weights": "weights"}
_FACTS = {"lepton.format": "format", "lepton.epsilon": "epsilon", "lepton.delta": "delta", "lepton.privacy": "private"}


@dataclass(frozen=True)
class Records:
    """What a graph is put together from.

    Attributes:
        runs: those that were looked up.
        notes: what could not be read, a sentence each.
    """

    versions: tuple[Version, ...]
    models: tuple[ModelRecord, ...] = ()
    promotions: tuple[PromotionRecord, ...] = ()
    runs: tuple[RunRecord, ...] = ()
    notes: tuple[str, ...] = ()


def assemble(records: Records) -> Graph:
    """Everything that is known, as one graph.

    Data set versions with equal rows are one node: whatever led to one of them led to these rows. What is named and
    can't be found is a node that is not `known`.
    """
    by_id = {run.id: run for run in records.runs}
    parts = [
        *_of_datasets(records.versions),
        *(part for model in records.models for part in _of_model(model, by_id.get(model.run_id))),
        *(part for run in by_id.values() for part in _of_run(run)),
        *(part for promotion in records.promotions for part in _of_promotion(promotion)),
    ]
    edges = tuple(sorted({part for part in parts if isinstance(part, Edge)}))
    nodes = {part.id: part for part in parts if isinstance(part, Node)}
    ends = dict.fromkeys(end for edge in edges for end in (edge.from_, edge.to))
    return Graph(nodes | {end: _unknown(end) for end in ends if end not in nodes}, edges, records.notes)


def read_versions(datasets: Path) -> tuple[list[Version], tuple[str, ...]]:
    """The versions whose manifest can be read, and a sentence on each that can't."""
    versions, notes = [], []
    for folder in version_folders(datasets):
        try:
            versions.append(Version(folder, read_manifest(folder)))
        except (OSError, ValidationError, UnicodeDecodeError):
            notes.append(f"the manifest of {folder.relative_to(datasets)} can't be read")
    return versions, tuple(notes)


def _of_datasets(versions: Iterable[Version]) -> Iterator[Node | Edge]:
    names: dict[str, dict[str, None]] = {}
    for digest, equal in groupby(sorted(versions, key=_digest), key=_digest):
        alike = list(equal)
        id_ = f"dataset:{digest}"
        yield _dataset_node(id_, alike)
        for version in alike:
            manifest = version.manifest
            for name, sha in manifest.sources.items():
                names.setdefault(sha, {})[name] = None
                yield Edge(f"file:{sha}", id_, "read")
            # A step that changed nothing left the same rows: no edge from a version to itself.
            yield from (Edge(f"dataset:{parent}", id_, "made") for parent in manifest.parents if parent != digest)
    for sha, called in names.items():
        first, *others = sorted(called)
        yield Node("file", f"file:{sha}", first, {"sha256": sha, **({"also": ", ".join(others)} if others else {})})


def _digest(version: Version) -> str:
    return version.manifest.digest


def _dataset_node(id_: str, alike: list[Version]) -> Node:
    manifest = alike[0].manifest
    folders = sorted({version.path.parent.name for version in alike})
    facts = {"in": ", ".join(folders), "rows": f"{manifest.rows_out:,}", "digest": manifest.digest}
    rootless = [version.path.name for version in alike if not (version.manifest.sources or version.manifest.parents)]
    return Node(
        "dataset",
        id_,
        f"{folders[0]} {manifest.digest[:_SHOWN_DIGITS]}",
        facts | ({"without source": ", ".join(rootless)} if rootless else {}),
    )


def _of_run(run: RunRecord) -> Iterator[Node | Edge]:
    facts = {"status": run.status, "started": run.started, "id": run.id}
    label = f"{run.name or 'run'} {run.id[:8]}"
    id_ = f"run:{run.id}"
    yield Node("run", id_, label, {name: text for name, text in facts.items() if text}, run.status not in LOST)
    yield from (Edge(f"dataset:{digest}", id_, "learned") for digest in run.datasets)


def _of_model(model: ModelRecord, run: RunRecord | None) -> Iterator[Node | Edge]:
    tags, uri = model.tags, model.uri
    yield Node("model", uri, uri, _model_facts(model))
    maker = f"run:{model.run_id}" if model.run_id else uri
    if model.run_id:
        yield Edge(maker, uri, "registered")
    digest, parent, start = (tags.get(name, "") for name in (DATASET_DIGEST, PARENT_VERSION, STARTED_FROM))
    if digest and not (run and digest in run.datasets):
        yield Edge(f"dataset:{digest}", maker, "used" if parent else "learned")
    if parent:
        yield Edge(f"{_MODEL}{model.name}/{parent}", uri, "compressed")
    if start.startswith(_MODEL):
        yield Edge(start, uri, "private" if "lepton.epsilon" in tags else "continued")
    elif start:
        published = run is not None and run.encoder == start
        facts = {"what": "a published encoder" if published else "a package that is in no registry"}
        yield Node("weights", f"weights:{start}", Path(start).name, facts | {"folder": start}, published)
        yield Edge(f"weights:{start}", uri, "begun")


def _model_facts(model: ModelRecord) -> dict[str, str]:
    facts = {"alias": ", ".join(sorted(model.aliases)), "made": model.made}
    facts |= {word: model.tags[tag] for tag, word in _FACTS.items() if tag in model.tags}
    if chain := _entry(model.tags.get("lepton.compression", ""), "steps"):
        facts["compression"] = " ".join(map(str, chain)) if isinstance(chain, list) else str(chain)
    if (passed := _entry(model.tags.get("lepton.gate", ""), "passed")) is not None:
        facts["gate"] = "passed" if passed else "failed"
    return {name: text for name, text in facts.items() if text}


def _entry(text: str, name: str) -> object:
    """One entry of a tag in JSON; None where somebody wrote something else into it."""
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content.get(name) if isinstance(content, Mapping) else None


def _of_promotion(record: PromotionRecord) -> Iterator[Node | Edge]:
    id_ = f"promotion:{record.name}/{record.number}"
    yield Node("promotion", id_, f"{record.what} {record.when}", record.facts)
    yield Edge(f"{_MODEL}{record.name}/{record.version}", id_, "promoted")


def _unknown(id_: str) -> Node:
    prefix, _, rest = id_.partition(":")
    kind = _KINDS[prefix]
    if kind == "run":
        return Node(kind, id_, f"run {rest[:8]}", {"status": "not looked up", "id": rest}, known=False)
    shown = id_ if kind == "model" else rest[:_SHOWN_DIGITS]
    return Node(kind, id_, f"unknown {_CALLED.get(kind, kind)} {shown}", known=False)
