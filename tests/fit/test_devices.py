"""Which strategy, and why."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from infra.settings.home import checkout


def found(monkeypatch: pytest.MonkeyPatch, gpus: int) -> None:
    import tensorflow as tf

    monkeypatch.delenv("TPU_NAME", raising=False)
    devices: dict[str, list[Any]] = {"GPU": [object()] * gpus, "TPU": []}
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: devices[kind])


@pytest.mark.parametrize(
    ("gpus", "workers", "strategy", "why"),
    [
        (0, 1, "default", "TensorFlow finds no GPU, and TPU_NAME names no TPU"),
        (1, 1, "OneDevice", "one GPU computes all"),
        (4, 1, "Mirrored", "4 GPUs hold the same weights and share each batch"),
        (0, 3, "MultiWorkerMirrored", "3 workers hold the same weights"),
    ],
)
def test_the_plan(monkeypatch: pytest.MonkeyPatch, gpus: int, workers: int, strategy: str, why: str) -> None:
    from tasks.fit.devices import plan_devices

    found(monkeypatch, gpus)
    plan = plan_devices(workers)

    assert (plan.strategy, plan.kind) == (strategy, "GPU" if gpus else "CPU")
    assert why in plan.reason


def test_a_named_tpu_is_planned_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.fit.devices import plan_devices

    found(monkeypatch, gpus=0)
    monkeypatch.setenv("TPU_NAME", "pod")

    assert plan_devices().strategy == "TPU"


def test_without_any_the_strategy_is_tensorflows_own() -> None:
    import tensorflow as tf

    from tasks.fit.devices import DevicePlan, make_strategy

    assert make_strategy(DevicePlan("default", "CPU", 1, "")) is tf.distribute.get_strategy()


@pytest.mark.slow
def test_two_devices_of_one_process_learn_what_one_does() -> None:
    """Two logical CPUs stand for two GPUs: the same code of MirroredStrategy."""
    script = """
import tensorflow as tf
cpu, = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tests.fit.lines import trainer
alone = trainer(dropout=0.0, epochs=2)
expected = alone.fit()
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    shared = trainer(dropout=0.0, epochs=2, optimizer={"accumulate_steps": 2, "average_decay": 0.5})
    assert shared.step.replicas == 2
    found = shared.fit()
assert abs(found - expected) < 1e-5, (found, expected)
print("equal")
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=checkout(), capture_output=True, text=True, timeout=300)

    assert done.stdout.strip().endswith("equal"), done.stderr[-2000:]
