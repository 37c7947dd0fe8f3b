"""Who may do what not everybody may."""

from __future__ import annotations

import os
import pwd
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class RoleSettings(BaseSettings):
    """Names of users by role, with commas between them. Nobody has a role that is not given."""

    model_config = SettingsConfigDict(env_prefix="LEPTON_ROLES_", frozen=True)

    privacy_officers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Who may raise, reset and publish privacy budgets."
    )

    @field_validator("privacy_officers", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


def current_user() -> str:
    """The user that this process runs as: as the system says, not the environment, which anybody can set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user may have no name
        return str(os.getuid())
