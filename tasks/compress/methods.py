"""What each method does: one function a method, and here which."""

from __future__ import annotations

from collections.abc import Callable

from tasks.compress.chain import Method
from tasks.compress.config import CompressOptions
from tasks.compress.subject import Subject


def apply(method: Method, subject: Subject, teacher: Callable[[], Subject], options: CompressOptions) -> Subject:
    """The subject after a method that ends in no file: another network, of which nothing is shared with the old one.

    Args:
        teacher: gives the model at the chain's beginning; only `distil` asks.

    Raises:
        RecipeError: the model has nothing that the method could work on.
    """
    match method:
        case "prune_vocabulary":
            from tasks.compress.vocabulary import prune_vocabulary

            return prune_vocabulary(subject, options.vocabulary)
        case "drop_layers":
            from tasks.compress.depth import drop_layers

            return drop_layers(subject, options.layers)
        case "prune_heads":
            from tasks.compress.structure import prune_heads

            return prune_heads(subject, options.heads)
        case "prune_neurons":
            from tasks.compress.structure import prune_neurons

            return prune_neurons(subject, options.neurons)
        case "factorise":
            from tasks.compress.factors import factorise

            return factorise(subject, options.factorise)
        case "fold_tables":
            from tasks.compress.folding import fold_tables

            return fold_tables(subject)
        case "fine_tune":
            from tasks.compress.surgery import rebuilt
            from tasks.compress.tuning import tune

            network = rebuilt(subject.network)
            tune(subject, network, options.fine_tune)
            return subject.changed(network)
        case "distil":
            from tasks.compress.distil import distil

            return distil(subject, teacher(), options.distil)
        case "prune":
            from tasks.compress.sparsity import prune

            return prune(subject, options.prune)
        case "prune_2_of_4":
            from tasks.compress.sparsity import prune_2_of_4

            return prune_2_of_4(subject, options.two_of_four)
        case "cluster":
            from tasks.compress.clusters import cluster

            return cluster(subject, options.cluster)
        case "quantise_aware":
            from tasks.compress.quantise_aware import quantise_aware

            return quantise_aware(subject, options.quantise_aware)
        case _:
            raise ValueError(method)
