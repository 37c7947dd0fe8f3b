"""What a recipe says of its model and its data that nothing measures."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Background(BaseModel):
    """Empty: the recipe does not say.

    Attributes:
        rules: of cleaning, in order.
        labelling: who or what gave the labels besides the source.
        augmentation: how rows were added.
        licence: terms of the data.
        protected: columns that say who belongs to which group of persons.
    """

    model_config = ConfigDict(frozen=True)

    recipe: str = ""
    purpose: str = ""
    owner: str = ""
    intended_use: str = ""
    limits: tuple[str, ...] = ()
    licence: str = ""
    rules: tuple[str, ...] = ()
    labelling: str = ""
    augmentation: str = ""
    protected: tuple[str, ...] = ()
