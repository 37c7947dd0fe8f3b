"""Which chains of methods a search tries, from gentle to strong."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import yaml
from pydantic import Field, ValidationError, model_validator

from flows.compressing.chains import PLANS, PRIVATE
from flows.yaml_text import read_yaml
from infra.errors import RecipeError
from tasks.compress.config import CompressOptions
from tasks.options import Options, Task

PARENT = "parent"
"""What the float model is called among its children."""


class Chain(CompressOptions):
    """Steps from the float model to a child, with the options of each."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", description="What the child is called.")
    after: str = Field(
        default="", description="A gentler chain before this one: where that lost too much, this one is not tried."
    )


class Plan(Options):
    """Chains in the order in which they are tried."""

    chains: list[Chain] = Field(default=[], description="None: those for the model's kind.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        known: list[str] = []
        for chain in self.chains:
            if chain.name in (*known, PARENT):
                why = "the float model is called so" if chain.name == PARENT else "call one of them otherwise"
                raise ValueError(
                    f"chains: found the name {chain.name} {'taken' if chain.name == PARENT else 'twice'}; {why}"
                )
            if chain.after and chain.after not in known:
                raise ValueError(f"chains: found {chain.name} after {chain.after}; name a chain that stands before it")
            known.append(chain.name)
        return self


def plan_for(task: Task, private: bool = False) -> Plan:
    """The chains for a kind of model; of one whose training was private those that look at none of its rows."""
    return Plan.model_validate({"chains": PRIVATE if private else PLANS[task]})


def read_plan(file: str) -> Plan:
    """The plan in a YAML file: `chains`, a list of `name`, `steps`, the steps' options, and `after`.

    Raises:
        RecipeError: there is no such file, or it holds no plan.
    """
    try:
        content = read_yaml(Path(file).read_text(encoding="utf-8"))
        plan = Plan.model_validate(content)
    except OSError as error:
        raise _refused(file, error.strerror or str(error), "a file that can be read", "Check the path.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise _refused(file, str(error), "YAML in UTF-8", "Fix the file.") from None
    except ValidationError as error:
        raise _explained(file, error) from None
    if not plan.chains:
        raise _refused(file, "no chain", "chains: a list with a name and steps for each", "Add one.")
    return plan


def _refused(file: str, found: str, allowed: str, action: str) -> RecipeError:
    return RecipeError(f"--chains {file}", found=found, allowed=allowed, action=action)


def _explained(file: str, error: ValidationError) -> RecipeError:
    """The first problem in one line, with its place."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "the file"
    if first["type"] == "value_error":
        _, _, rest = str(first["ctx"]["error"]).partition(": found ")
        found, _, action = rest.partition("; ")
        return _refused(file, found, "what goes together", f"At {place}: {action}.")
    found = "an unknown option" if first["type"] == "extra_forbidden" else repr(first["input"])
    return _refused(file, f"{found} at {place}", first["msg"], "docs/compression.md names all options.")
