"""Distillation: a model learns what the model at the chain's beginning gives, beside the truth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import tensorflow as tf

from tasks.compress import imitation, inner
from tasks.compress.config import DistilOptions
from tasks.compress.subject import Subject
from tasks.compress.surgery import rebuilt
from tasks.compress.teacher import taught
from tasks.compress.tuning import tune
from tasks.fit.losses import Loss
from tasks.model.network import Network


def distil(subject: Subject, teacher: Subject, options: DistilOptions) -> Subject:
    """The subject, trained towards the teacher's outputs and, where the options say so, towards its layers.

    Logits, embeddings and numbers of the teacher are computed once. What is another in each step is computed beside
    the student's: the scores of the items that a ranker draws, and what layers give.

    Raises:
        RecipeError: the teacher is of other rows or another task; layers are to be compared where there are none.
        TrainingError: the loss is not a number.
    """
    network = rebuilt(subject.network)
    if subject.manifest.task == "item_ranking":
        learned, loss = subject.material.learned, _loss_of_draws(subject, options)
    else:
        learned, loss = taught(subject, teacher), _loss(subject, teacher, options)
    studied = network
    if options.hidden or options.attention:
        studied = inner.beside(network, subject, teacher)
        loss = inner.with_layers(loss, options.hidden, options.attention)
    elif subject.manifest.task == "item_ranking":
        studied = _beside_draws(network, teacher)
    tune(subject, studied, options, learned=learned, loss=loss)
    return subject.changed(network)


def _loss(subject: Subject, teacher: Subject, options: DistilOptions) -> Loss:
    """The lesson's loss, and the one towards the teacher that goes with what the network gives."""
    lesson, temperature, own = subject.material.lesson, options.temperature, subject.network.trained.output
    if lesson.heads:
        shares = {head.output: asked.weight for head, asked in zip(lesson.heads, subject.training.heads, strict=True)}
        towards_teacher = imitation.of_heads(lesson.heads, shares, temperature)
    elif isinstance(own, list):
        is_same_size = own[0].shape[-1] == teacher.network.trained.output[0].shape[-1]
        towards_teacher = imitation.same_embeddings if is_same_size else imitation.same_similarities
    elif len(own.shape) == 1:  # a rating
        towards_teacher = imitation.of_only(imitation.squared_difference)
    else:
        towards_teacher = imitation.of_only(imitation.soft_classes(temperature))
    return imitation.towards(lesson.loss, towards_teacher, options.logits)


def _loss_of_draws(subject: Subject, options: DistilOptions) -> Loss:
    own, share = subject.material.lesson.loss, options.logits

    def loss(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
        scores, theirs = outputs["own"], outputs["taught"]
        truth = own(scores, targets, weights, total)
        return share * imitation.squared_difference(scores, theirs, weights, total) + (1.0 - share) * truth

    return loss


def _beside_draws(network: Network, teacher: Subject) -> Network:
    """Items are drawn by the number of the step, and so the same ones for both."""
    model = network.trained
    theirs = inner.Held(teacher.network.trained, name="teacher")(model.input)
    return replace(network, trained=tf.keras.Model(model.input, {"own": model.output, "taught": theirs}))
