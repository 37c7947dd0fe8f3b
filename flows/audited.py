"""An audit from a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from flows.local_run import ended, serving
from flows.models import SCHEME, version_words
from flows.recipe import load_recipe
from infra.errors import GateFailed, RecipeError
from tasks.private.audit.config import AuditOptions

if TYPE_CHECKING:
    from flows.audit import AuditSummary


def checked_options(**asked: Any) -> AuditOptions:
    """The options of an audit.

    Raises:
        RecipeError: one of them is out of bounds.
    """
    try:
        return AuditOptions(**asked)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise RecipeError(
            f"--{name.replace('_', '-')}",
            found=repr(first["input"]),
            allowed=first["msg"],
            action=str(AuditOptions.model_fields[name].description),
        ) from None


def audit_here(subject: str, options: AuditOptions, overrides: Sequence[str]) -> tuple[AuditSummary, GateFailed | None]:
    """The summary, and the failure if the audit refutes what the training claims.

    Raises:
        LeptonError: whatever else ended the audit.
    """
    with serving(name_of(subject, overrides)):
        from flows.audit import Refuted, audit

        call: Any = audit
        state = call(subject, options, list(overrides), return_state=True)
    return ended(state, Refuted)


def name_of(subject: str, overrides: Sequence[str]) -> str:
    """Of the model that a subject leads to.

    Raises:
        RecipeError: it is none, or a model with options of its own.
    """
    if not subject.startswith(SCHEME):
        return load_recipe(subject, overrides).name
    if overrides:
        raise RecipeError(
            "--set",
            found=f"{overrides[0]} with a model",
            allowed="it with a recipe: a model is audited by the options that it was trained with",
            action="Leave it out, or audit the recipe.",
        )
    return version_words(subject, "MODEL")["name"]
