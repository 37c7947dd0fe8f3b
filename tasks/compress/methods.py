"""What each method does: one function a method, and here which."""

from __future__ import annotations

from tasks.compress.chain import Method
from tasks.compress.config import CompressOptions
from tasks.compress.subject import Subject


def apply(method: Method, subject: Subject, teacher: Subject, options: CompressOptions) -> Subject:
    """The subject after a method that ends in no file: another network, of which nothing is shared with the old one.

    Args:
        teacher: the model at the chain's beginning.

    Raises:
        RecipeError: the model has nothing that the method could work on.
    """
    match method:
        case "fine_tune":
            from tasks.compress.surgery import rebuilt
            from tasks.compress.tuning import tune

            network = rebuilt(subject.network)
            tune(subject, network, options.fine_tune)
            return subject.changed(network)
        case _:
            raise ValueError(method)
