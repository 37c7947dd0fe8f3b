"""Which devices a training uses and why, and the strategy of TensorFlow's that fits them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

Strategy = Literal["default", "OneDevice", "Mirrored", "MultiWorkerMirrored", "TPU"]


@dataclass(frozen=True)
class DevicePlan:
    """What is there, what is chosen, and why.

    Attributes:
        kind: of the devices that compute.
        count: devices of this process.
    """

    strategy: Strategy
    kind: Literal["CPU", "GPU", "TPU"]
    count: int
    reason: str


def plan_devices(workers: int = 1) -> DevicePlan:
    """The plan for one of `workers` processes, by what TensorFlow finds on this machine."""
    import tensorflow as tf

    gpus = len(tf.config.list_logical_devices("GPU"))
    kind: Literal["CPU", "GPU"] = "GPU" if gpus else "CPU"
    if workers > 1:
        reason = f"{workers} workers hold the same weights and add up their gradients"
        return DevicePlan("MultiWorkerMirrored", kind, max(1, gpus), reason)
    if tpu := tpu_address():
        cores = len(tf.config.list_logical_devices("TPU"))
        return DevicePlan("TPU", "TPU", cores, f"a TPU is named by TPU_NAME: {tpu}")
    if gpus > 1:
        return DevicePlan("Mirrored", "GPU", gpus, f"{gpus} GPUs hold the same weights and share each batch")
    if gpus == 1:
        return DevicePlan("OneDevice", "GPU", 1, "one GPU computes all")
    return DevicePlan("default", "CPU", 1, "TensorFlow finds no GPU, and TPU_NAME names no TPU")


def tpu_address() -> str:
    """The TPU that this machine is told to use; empty if none."""
    return os.environ.get("TPU_NAME", "")


def make_strategy(plan: DevicePlan) -> Any:
    """The strategy that the plan names."""
    import tensorflow as tf

    match plan.strategy:
        case "MultiWorkerMirrored":
            return tf.distribute.MultiWorkerMirroredStrategy()
        case "TPU":
            resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=tpu_address())
            tf.config.experimental_connect_to_cluster(resolver)
            tf.tpu.experimental.initialize_tpu_system(resolver)
            return tf.distribute.TPUStrategy(resolver)
        case "Mirrored":
            return tf.distribute.MirroredStrategy()
        case "OneDevice":
            return tf.distribute.OneDeviceStrategy("/gpu:0")
        case "default":
            return tf.distribute.get_strategy()
