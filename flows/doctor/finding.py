"""What one look at the machine found."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Finding(BaseModel):
    """One line of `lepton doctor`.

    Attributes:
        state: ok; advice: something works less well, or not at all, that not everybody needs; broken: nothing runs.
        action: what to do about it; empty where all is well.
    """

    model_config = ConfigDict(frozen=True)

    what: str
    found: str
    state: Literal["ok", "advice", "broken"] = "ok"
    action: str = ""
