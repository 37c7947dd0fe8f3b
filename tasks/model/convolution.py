"""An image classifier: convolutions, each halved by pooling, then dense layers."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

from tasks.model.network import OUTPUT, Network

KERNEL, POOL = 3, 2


def build_cnn(
    shape: tuple[int, int, int], classes: int, filters: Sequence[int] = (32, 64), units: int = 128, seed: int = 0
) -> Network:
    """`images` (b, height, width, channels) to probabilities (b, classes), by Keras's own layers alone.

    Each convolution keeps height and width, and the maximum over two by two pixels halves them. The logits begin at
    zero: every class is equally likely at first.

    Args:
        filters: of each convolution.
        units: of the dense layer between the last convolution and the logits.
        seed: of the initial weights.

    Raises:
        ValueError: the images are too small to be halved so often.
    """
    least = POOL ** len(filters)
    if min(shape[:2]) < least:
        raise ValueError(f"images: found {shape[0]} by {shape[1]} pixels; {len(filters)} convolutions take {least}")
    layers = tf.keras.layers
    states = inputs = tf.keras.Input(shape, dtype=tf.float32, name="images")
    for place, count in enumerate(filters):
        initializer = tf.keras.initializers.HeUniform(seed + place)
        name = f"convolution{place}"
        convolution = layers.Conv2D(
            count, KERNEL, padding="same", activation="relu", kernel_initializer=initializer, name=name
        )
        states = layers.MaxPooling2D(POOL, name=f"{name}_pooling")(convolution(states))
    states = layers.Flatten(name="pixels")(states)
    initializer = tf.keras.initializers.HeUniform(seed + len(filters))
    states = layers.Dense(units, activation="relu", kernel_initializer=initializer, name="hidden")(states)
    logits = layers.Dense(classes, kernel_initializer="zeros", name="logits")(states)
    probabilities = layers.Softmax(name=OUTPUT)(logits)
    return Network(tf.keras.Model({"images": inputs}, logits), tf.keras.Model({"images": inputs}, probabilities))
