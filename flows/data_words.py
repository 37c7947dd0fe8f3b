"""What a person calls data, as the origins of its rows."""

from __future__ import annotations

from pathlib import Path

from flows.models import SCHEME
from flows.recipe import load_recipe, recipe_names
from infra.errors import NotFoundError
from infra.settings.home import HomeSettings
from tasks.data.manifest import MANIFEST, read_manifest
from tasks.data.references import DatasetRef, Reference
from tasks.data.version import open_version, reference
from tasks.private.ledger.origins import Origin, origins_of, origins_of_source

_SHORTEST = 4


def find_origins(words: str) -> tuple[Origin, ...]:
    """The origins of a recipe's data, of a data set version, or of what a model learned from. Nothing is ingested.

    Args:
        words: a recipe by name or file, a version by path or by the beginning of its digest, or a model's address.

    Raises:
        NotFoundError: there is nothing of that name.
        LeptonError: the recipe's source can't be read, or the version's lineage is not known to its beginning.
    """
    if words in recipe_names() or words.endswith((".yaml", ".yml")):
        return _of_recipe(words)
    return origins_of(find_dataset(words), HomeSettings().datasets)


def find_dataset(words: str) -> DatasetRef:
    """A version by its path, by the beginning of its digest in this home, or as what a model learned from.

    Raises:
        NotFoundError: there is none, or several digests begin so.
    """
    if words.startswith(SCHEME):
        from flows.compressing.root import find_root
        from infra.stores.tracking import connect

        connect()
        return find_root(words).dataset
    if (Path(words) / MANIFEST).exists():
        return _reference(Path(words))
    folders = HomeSettings().datasets.glob(f"*/{words[:16]}*/{MANIFEST}") if len(words) >= _SHORTEST else []
    found = [one for one in map(_reference, sorted(file.parent for file in folders)) if one.digest.startswith(words)]
    if len({one.digest for one in found}) == 1:
        return found[0]
    raise NotFoundError(
        f"data {words}",
        found=f"{len(found)} versions whose digests begin so" if found else "none of that name",
        allowed=f"a recipe ({', '.join(recipe_names())}, or a .yaml), a version's path or digest, or {SCHEME}NAME/1",
        action="Run its recipe, or name the recipe.",
    )


def _of_recipe(words: str) -> tuple[Origin, ...]:
    """Of the version that the next run goes on from if the source grows; else of the source itself."""
    from tasks.ingest.increment.increment import find_previous
    from tasks.ingest.sources.sources import resolve

    recipe = load_recipe(words)
    base = find_previous(recipe.ingest, HomeSettings().datasets / f"{recipe.name}-raw")
    return origins_of(base, HomeSettings().datasets) if base else origins_of_source(resolve(recipe.ingest))


def _reference(folder: Path) -> DatasetRef:
    return reference(open_version(Reference(path=str(folder), digest=read_manifest(folder).digest)))
