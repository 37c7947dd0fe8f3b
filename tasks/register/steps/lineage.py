"""Read out of MLflow and the home what the graph of lineage is put together from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from infra.settings.home import HomeSettings
from tasks.data.references import VersionRef
from tasks.register.lineage.assembly import Records, assemble, read_versions
from tasks.register.lineage.graph import Graph
from tasks.register.lineage.records import ModelRecord, PromotionRecord, RunRecord
from tasks.register.promotion.history import History, here, transact
from tasks.register.promotion.promotion import Promotion

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run
    from mlflow.entities.model_registry import ModelVersion

_PAGE = 1000
_AT_ONCE = 100  # runs that one query names
_MOST_RUNS = 300  # a run comes with all its parameters and metrics, in some milliseconds
_DIGEST_DIGITS = 36  # of MLflow's own digest of a data set
_WORDS = {"promote": "promotion", "rollback": "rollback", "outside": "made champion from outside"}
_DIGEST_TAG, _PROMOTED = "lepton.digest", "lepton.promoted"


def read_records() -> Records:
    """What MLflow's registry, the home's data sets and the history of promotions say; no run is looked up yet."""
    import mlflow

    client = mlflow.MlflowClient()
    versions, notes = read_versions(HomeSettings().datasets)
    aliases = _aliases(client)
    models = tuple(_model(version, aliases.get(version.name, {})) for version in _pages(client.search_model_versions))
    return Records(tuple(versions), models, tuple(_promotions(models)), notes=notes)


def with_runs(records: Records, part: Graph) -> Records:
    """The same with the runs that a part of their graph names, and those that took its data sets."""
    import mlflow

    client = mlflow.MlflowClient()
    ids = sorted(node.id.partition(":")[2] for node in part.nodes.values() if node.kind == "run")
    if len(ids) > _MOST_RUNS:
        return replace(records, notes=(*records.notes, f"{len(ids)} runs were not looked up: too many at once"))
    digests = sorted(node.id.partition(":")[2] for node in part.nodes.values() if node.kind == "dataset")
    found = {run.id: run for run in (*_runs(client, "attributes.run_id", ids), *_takers(client, digests))}
    gone = (RunRecord(id_, "", "gone") for id_ in ids if id_ not in found)
    return replace(records, runs=(*found.values(), *gone))


def lineage_of(version: VersionRef) -> Graph:
    """All that a version came of, with its runs: what `missing_links` judges."""
    records = read_records()
    part = assemble(records).part([version.uri], down=False)
    return assemble(with_runs(records, part)).part([version.uri], down=False)


def _pages(search: Callable[..., Any], **words: Any) -> Iterator[Any]:
    token = None
    while True:
        page = search(max_results=_PAGE, page_token=token, **words)
        yield from page
        token = page.token
        if not token:
            return


def _aliases(client: MlflowClient) -> dict[str, dict[str, list[str]]]:
    """The aliases on each version, by model."""
    found: dict[str, dict[str, list[str]]] = {}
    for model in _pages(client.search_registered_models):
        for alias, version in model.aliases.items():
            found.setdefault(model.name, {}).setdefault(str(version), []).append(alias)
    return found


def _model(version: ModelVersion, aliases: dict[str, list[str]]) -> ModelRecord:
    number = str(version.version)
    return ModelRecord(
        name=version.name,
        version=number,
        run_id=version.run_id or "",
        tags=dict(version.tags),
        aliases=tuple(aliases.get(number, ())),
        made=_moment(version.creation_timestamp),
    )


def _runs(client: MlflowClient, attribute: str, values: Sequence[str]) -> Iterator[RunRecord]:
    """The runs whose attribute is one of the values, deleted ones too."""
    from mlflow.entities import ViewType

    if not values:
        return
    experiments = [one.experiment_id for one in _pages(client.search_experiments, view_type=ViewType.ALL)]
    for first in range(0, len(values), _AT_ONCE):
        named = ", ".join(f"'{value}'" for value in values[first : first + _AT_ONCE])
        asked = partial(client.search_runs, experiments, f"{attribute} IN ({named})", ViewType.ALL)
        yield from map(_run, _pages(asked))


def _takers(client: MlflowClient, digests: Sequence[str]) -> Iterator[RunRecord]:
    """Runs that took a data set version, also those that led to no model."""
    if len(digests) <= _MOST_RUNS:
        yield from _runs(client, "datasets.digest", [digest[:_DIGEST_DIGITS] for digest in digests])


def _run(run: Run) -> RunRecord:
    taken = run.inputs.dataset_inputs if run.inputs else []
    digests = [tag.value for used in taken for tag in used.tags if tag.key == _DIGEST_TAG]
    return RunRecord(
        id=run.info.run_id,
        name=run.info.run_name or "",
        status=str(run.info.status).lower() if run.info.lifecycle_stage == "active" else "deleted",
        started=_moment(run.info.start_time),
        datasets=tuple(sorted(set(digests))),
        encoder=run.data.params.get("encoder.weights", ""),
    )


def _moment(milliseconds: int | None) -> str:
    """In UTC, to the minute; empty: not known."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M") if milliseconds else ""


def _promotions(models: Sequence[ModelRecord]) -> Iterator[PromotionRecord]:
    """By the history; of versions that it does not name, by the tag that a new champion gets."""
    place = here()
    names = sorted({model.name for model in models})
    read = partial(_changes, names=names)
    changes = transact(place, read) if place.is_there() else []
    done = [one for one in changes if one.state == "done" and one.target]
    for one in done:
        facts = {"who": one.who, "why": one.reason, "instead of": one.source}
        told = {name: text for name, text in facts.items() if text}
        yield PromotionRecord(
            one.model, one.target, str(one.id), _WORDS[one.kind], one.ended[:16].replace("T", " "), told
        )
    written = {(one.model, one.target) for one in done}
    for model in models:
        if _PROMOTED in model.tags and (model.name, model.version) not in written:
            yield PromotionRecord(model.name, model.version, f"of {model.version}", "promotion", model.tags[_PROMOTED])


def _changes(history: History, names: Sequence[str]) -> list[Promotion]:
    return [change for name in names for change in history.of(name)]
