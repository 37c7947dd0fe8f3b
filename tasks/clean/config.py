"""Which cleaning rules, in which order, on which engine."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, create_model, model_validator

from tasks.clean.rules import known_rules
from tasks.options import Options

EngineName = Literal["auto", "dask", "spark", "polars"]
_OWN_RULE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")

if TYPE_CHECKING:
    RuleOptions = Options
else:
    _fields: dict[str, Any] = {
        rule.name: (rule.options, Field(default=rule.options(), description=rule.summary))
        for rule in known_rules().values()
    }
    RuleOptions = create_model("RuleOptions", __base__=Options, __doc__="Options of each rule.", **_fields)


class CleanOptions(Options):
    """From the raw version to the clean one."""

    engine: EngineName = Field(
        default="auto", description="What runs the rules; auto: a cluster if one is set, else by size. Equal results."
    )
    rules: list[str] = Field(
        default=[], description="Names of rules in order; `package.module:function` names one of your own."
    )
    options: RuleOptions = Field(default=RuleOptions(), description="Options of rules, by rule.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in self.rules:
            if name not in known_rules() and not _OWN_RULE.fullmatch(name):
                allowed = ", ".join(known_rules())
                raise ValueError(f"rules: found {name!r}; allowed: {allowed}, or package.module:function")
        return self

    def modules(self) -> tuple[str, ...]:
        """Modules of the user's own rules."""
        return tuple(name.partition(":")[0] for name in self.rules if ":" in name)
