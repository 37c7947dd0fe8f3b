"""The cleaning rules. A new one is a function in a file of this folder and its name in `RULES`."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from infra.errors import LeptonError, RecipeError
from tasks.clean.rules import (
    alignment,
    categories,
    dates,
    duplicates,
    encoding,
    html,
    language,
    masks,
    missing,
    near_duplicates,
    outliers,
    sampling,
    text,
    types,
)
from tasks.clean.rules.rule import Rule, describe

RULES: tuple[Callable[..., Any], ...] = (
    encoding.fix_mojibake,
    html.strip_html,
    text.normalize_unicode,
    text.trim,
    text.lower,
    masks.mask_personal_data,
    text.drop_short,
    text.drop_long,
    alignment.drop_misaligned,
    language.drop_other_languages,
    language.drop_minority_languages,
    types.parse_booleans,
    types.parse_numbers,
    dates.standardize_dates,
    categories.map_categories,
    missing.drop_missing,
    missing.flag_missing,
    missing.fill_missing,
    missing.impute_missing,
    outliers.winsorize,
    outliers.clip_outliers,
    duplicates.drop_duplicates,
    near_duplicates.near_duplicates,
    sampling.balance_sample,
    sampling.weigh_sample,
)


def known_rules() -> dict[str, Rule]:
    """The rules of `RULES` by name."""
    return {rule.name: rule for rule in [describe(function) for function in RULES]}


def find_rule(name: str) -> Rule:
    """The rule of a name in `RULES`, or of a user's own `package.module:function`.

    Raises:
        RecipeError: there is none.
    """
    if ":" not in name:
        known = known_rules()
        if name in known:
            return known[name]
        raise _unknown(name, "no such rule")
    module, _, function = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:  # an installed command has no working directory on its path
        sys.path.append(here)
    try:
        return describe(getattr(importlib.import_module(module), function), name)
    except (ImportError, AttributeError) as error:
        raise _unknown(name, str(error)) from error
    except LeptonError:
        raise
    except Exception as error:  # a module is anybody's code
        raise _unknown(name, f"{type(error).__name__}: {error}") from error


def _unknown(name: str, found: str) -> RecipeError:
    return RecipeError(
        f"cleaning rule {name!r}",
        found=found,
        allowed=f"{', '.join(known_rules())}, or package.module:function",
        action="Correct clean.rules.",
    )
