"""Model card and data sheet of a version: made of what its run holds and of what the registry says now."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from prefect.artifacts import create_link_artifact, create_markdown_artifact
from pydantic import ValidationError

from infra.errors import NotFoundError
from infra.stores.tracking import links
from tasks.data.references import DatasetRef, VersionRef
from tasks.register.card.background import Background
from tasks.register.card.dossier import Dossier, read_dossier, write_dossier
from tasks.register.card.html import html
from tasks.register.card.lineage import origins
from tasks.register.card.markdown import markdown
from tasks.register.card.page import Page
from tasks.register.card.pages import data_page, model_card
from tasks.register.card.sheet import data_sheet
from tasks.register.card.standing import OverrideNote, PromotionNote, Standing
from tasks.register.evidence import Evidence
from tasks.register.gate import Verdict
from tasks.register.lineage.completeness import missing_links
from tasks.register.promotion.history import here, transact
from tasks.register.steps.lineage import lineage_of
from tasks.register.steps.override import standing
from tasks.register.steps.versions import (
    BACKGROUND,
    COMPRESSION,
    DELTA,
    EPSILON,
    GATE,
    PACKAGE_DIGEST,
    PARENT_VERSION,
    PREVIOUS,
    RECIPE_HASH,
    STARTED_FROM,
    by_alias,
    privacy_of,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CARD, SHEET = "model_card", "data_sheet"
FOLDER, DOSSIER = "card", "dossier.zip"  # one file: a later one leaves nothing of an earlier one behind


def publish_card(candidate: VersionRef, dataset: DatasetRef, evidence: Evidence, recipe: str = "") -> str:
    """Put a version's card and data sheet into its run, with what they are made from; returns the card's address.

    Args:
        dataset: what it learned from.
        recipe: its options in YAML, without the places of sources; empty: not known.
    """
    import mlflow

    client = mlflow.MlflowClient()
    tags = client.get_model_version(candidate.name, candidate.version).tags
    background = background_of(tags.get(BACKGROUND, ""))
    sheet = data_sheet(dataset, background.protected, is_private=EPSILON in tags)
    with tempfile.TemporaryDirectory(prefix="lepton-card-") as work:
        folder = Path(work) / "dossier"
        folder.mkdir()
        write_dossier(folder, background, sheet, evidence)
        client.log_artifact(candidate.run_id, shutil.make_archive(str(folder), "zip", folder), FOLDER)
    if recipe:
        client.log_text(candidate.run_id, recipe, f"{FOLDER}/recipe.yaml")
    return refresh_card(candidate)


def refresh_card(version: VersionRef) -> str:
    """Make a version's pages anew by what the registry says now; returns the card's address.

    Raises:
        NotFoundError: it has none.
    """
    import mlflow

    client = mlflow.MlflowClient()
    for name, page in zip((CARD, SHEET), pages_of(version), strict=True):
        client.log_text(version.run_id, html(page), f"{name}.html")
        client.log_text(version.run_id, markdown(page), f"{name}.md")
    return f"{client.get_run(version.run_id).info.artifact_uri}/{CARD}.html"


def show_card(version: VersionRef) -> None:
    """What the Prefect UI shows of a version: card and data sheet as text, and where they are with pictures."""
    pages = dict(zip((CARD, SHEET), pages_of(version), strict=True))
    for name, page in pages.items():
        key = f"{version.name}-{name.replace('_', '-')}"
        create_markdown_artifact(markdown=markdown(page), key=key, description=page.title)
        if run := links(version.name, version.version, version.run_id).get("run"):
            create_link_artifact(link=f"{run}/artifacts/{name}.html", link_text=page.title, key=f"{key}-html-link")


def pages_of(version: VersionRef) -> tuple[Page, Page]:
    """Model card and data sheet of a version.

    Raises:
        NotFoundError: no gate judged it, or what they are made from is gone.
    """
    with _dossier(version) as dossier:
        return model_card(dossier, standing_of(version)), data_page(dossier.sheet, dossier.background)


@contextmanager
def _dossier(version: VersionRef) -> Iterator[Dossier]:
    import mlflow
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory(prefix="lepton-card-") as work:
        try:
            path = f"{FOLDER}/{DOSSIER}"
            file = mlflow.artifacts.download_artifacts(run_id=version.run_id, artifact_path=path, dst_path=work)
        except (MlflowException, OSError):
            raise _no_card(version) from None
        shutil.unpack_archive(file, Path(work) / "dossier")
        yield read_dossier(Path(work) / "dossier")


def _no_card(version: VersionRef) -> NotFoundError:
    import mlflow

    children = [
        f"{made.name}/{made.version}"
        for made in mlflow.MlflowClient().search_model_versions(f"name = '{version.name}'")
        if made.tags.get(PARENT_VERSION) == version.version
    ]
    made_of_it = f" What was made of it may have one: {', '.join(children)}." if children else ""
    return NotFoundError(
        f"model card of {version.uri}",
        found="none in its run",
        allowed="a version that a gate judged",
        action=f"Run its recipe again.{made_of_it}",
    )


def background_of(noted: str) -> Background:
    """What a recipe noted with its model; nothing where it noted none that this version can read."""
    try:
        return Background.model_validate_json(noted)
    except ValidationError:
        return Background()


def standing_of(version: VersionRef) -> Standing:
    """What the registry says of a version now."""
    import mlflow

    client = mlflow.MlflowClient()
    found = client.get_model_version(version.name, version.version)
    tags, graph = found.tags, lineage_of(version)
    below = by_alias(client, version.name, PREVIOUS)
    return Standing(
        name=version.name,
        version=version.version,
        run_id=version.run_id,
        aliases=_aliases(client, found),
        made=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC"),
        parent=tags.get(PARENT_VERSION, ""),
        started_from=tags.get(STARTED_FROM, ""),
        package_digest=tags.get(PACKAGE_DIGEST, ""),
        code_hash=tags.get("lepton.code_hash", ""),
        recipe_hash=tags.get(RECIPE_HASH, ""),
        format=tags.get("lepton.format", ""),
        compression=tags.get(COMPRESSION, ""),
        deltas={name.removeprefix(DELTA): float(value) for name, value in tags.items() if name.startswith(DELTA)},
        verdict=Verdict.model_validate_json(tags[GATE]) if GATE in tags else None,
        override=_override(version),
        promotions=_promotions(version),
        privacy=privacy_of(client, version),
        lineage=origins(graph, version.uri),
        missing_links=tuple(missing_links(graph, version.uri)),
        previous=below.version if below else "",
    )


def _aliases(client: MlflowClient, version: ModelVersion) -> tuple[str, ...]:
    aliases = client.get_registered_model(version.name).aliases
    return tuple(sorted(alias for alias, number in aliases.items() if str(number) == str(version.version)))


def _override(version: VersionRef) -> OverrideNote | None:
    """Who set the verdict aside; also where that does not hold, for then somebody wanted it to seem so."""
    found = standing(version)
    if found.override is None:
        return OverrideNote("not known", "not known", "not known", found.objection) if found.objection else None
    said = found.override.statement
    return OverrideNote(said.who, said.when, said.reason, found.objection)


def _promotions(version: VersionRef) -> tuple[PromotionNote, ...]:
    """Changes of the champion in which a version came or went."""
    place = here()
    if not place.is_there():
        return ()
    changes = transact(place, lambda history: history.of(version.name))
    return tuple(
        PromotionNote(one.ended or one.began, f"{one} ({one.state})", one.who, one.reason)
        for one in changes
        if version.version in (one.source, one.target)
    )
