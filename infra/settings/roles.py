"""Who may do what not everybody may, and has to say why."""

from __future__ import annotations

import os
import pwd
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from infra.errors import RecipeError, RoleError

Role = Literal["privacy_officers", "approvers"]


class RoleSettings(BaseSettings):
    """Names of users by role, with commas between them. Nobody has a role that is not given."""

    model_config = SettingsConfigDict(env_prefix="LEPTON_ROLES_", frozen=True)

    privacy_officers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Who may raise, reset and publish privacy budgets."
    )

    approvers: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Who may promote a model that fell short of its gate."
    )

    @field_validator("privacy_officers", "approvers", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value


def check_role(role: Role, purpose: str, reason: str) -> None:
    """Have the user of this process hold a role, and give a reason.

    Args:
        purpose: what needs it, as `to ...`.

    Raises:
        RoleError: the user has not that role.
        RecipeError: no reason is given.
    """
    holders, user = getattr(RoleSettings(), role), current_user()
    if user not in holders:
        raise RoleError(
            purpose,
            found=f"user {user}",
            allowed=f"{role.replace('_', ' ')}: {', '.join(holders) or 'nobody is one'}",
            action=f"Ask one of them; LEPTON_ROLES_{role.upper()} names them.",
        )
    if not reason.strip():
        raise RecipeError(
            "--reason", found="nothing", allowed=f"why it is right {purpose}", action="Give it: it is kept for good."
        )


def current_user() -> str:
    """The user that this process runs as: as the system says, not the environment, which anybody can set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user may have no name
        return str(os.getuid())
