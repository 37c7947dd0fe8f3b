"""In a child process: what TensorFlow sees of this machine, and how training will use it."""

from __future__ import annotations

from typing import Any

from infra.environment import configure
from infra.processes import child_main


def look(_: str) -> dict[str, Any]:
    """What `lepton doctor` tells.

    Returns:
        The version of `tensorflow`, its `devices` by kind, whether oneDNN's kernels are in use (`onednn`), and the
        `strategy` of one process with its `reason`.
    """
    configure()
    import tensorflow as tf

    from tasks.fit.devices import plan_devices

    devices = [device.device_type for device in tf.config.list_physical_devices()]
    plan = plan_devices()
    return {
        "tensorflow": tf.__version__,
        "devices": {kind: devices.count(kind) for kind in dict.fromkeys(devices)},
        "onednn": _has_onednn(),
        "strategy": f"{plan.strategy} strategy on {plan.count} {plan.kind}",
        "reason": plan.reason,
    }


def _has_onednn() -> bool:
    """As TensorFlow itself decides it, from how it was built, the processor and TF_ENABLE_ONEDNN_OPTS."""
    from tensorflow.python.util import _pywrap_util_port

    return bool(_pywrap_util_port.IsMklEnabled())


if __name__ == "__main__":
    child_main(look)
