"""In a worker: how it joins the other processes of its training."""

from __future__ import annotations

import json
import socket
import sys
from typing import Any, NoReturn

from infra.processes import emit
from tasks.train.spec import TrainSpec
from tasks.train.team.heart import Heart

_PROTOCOL = "grpc"


def is_distributed(spec: TrainSpec) -> bool:
    """Whether there are other processes to meet."""
    return spec.is_asynchronous or spec.workers > 1


def tf_config(spec: TrainSpec) -> str:
    """What TensorFlow reads from the variable TF_CONFIG: all addresses, and which of them is this process."""
    return json.dumps({"cluster": spec.cluster, "task": {"type": spec.role, "index": spec.worker}})


def hosts(spec: TrainSpec) -> str:
    """The hosts of all processes, which are reached directly, whatever proxy there is for the world outside."""
    return ",".join({address.rsplit(":", 1)[0] for addresses in spec.cluster.values() for address in addresses})


def waiting_threads(spec: TrainSpec) -> int:
    """Threads for operations side by side: one that computes, and one for all that may wait for other processes.

    Where each process is spoken to by itself each needs its own; with fewer they wait for each other for ever.
    """
    return 1 + (sum(map(len, spec.cluster.values())) if spec.is_asynchronous else 1)


def join(spec: TrainSpec) -> Any:
    """The strategy of a process that trains; if there are others, it listens from then on."""
    import tensorflow as tf

    from tasks.fit.devices import make_strategy, plan_devices

    if not is_distributed(spec):
        return make_strategy(plan_devices())
    leave_if_port_is_taken(spec)
    try:
        if not spec.is_asynchronous:
            return tf.distribute.MultiWorkerMirroredStrategy()  # must come before anything looks for devices
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver(rpc_layer=_PROTOCOL)
        return tf.distribute.ParameterServerStrategy(resolver)
    except (tf.errors.UnknownError, tf.errors.UnavailableError) as error:
        leave_if_server_did_not_start(spec, error)
        raise


def serve(spec: TrainSpec, heart: Heart) -> NoReturn:
    """Do what the chief asks for, until the launcher ends this process."""
    import tensorflow as tf

    leave_if_port_is_taken(spec)
    threads = {"intra_op_parallelism_threads": len(spec.cores), "inter_op_parallelism_threads": waiting_threads(spec)}
    config = tf.compat.v1.ConfigProto(**threads)  # a server does not go by `tf.config.threading`
    try:
        server = tf.distribute.Server(spec.cluster, spec.role, spec.worker, protocol=_PROTOCOL, config=config)
    except (tf.errors.UnknownError, tf.errors.UnavailableError) as error:
        leave_if_server_did_not_start(spec, error)
        raise
    heart.serve()
    emit({"started": True})
    server.join()
    raise AssertionError("a server never ends by itself")


def leave_if_port_is_taken(spec: TrainSpec) -> None:
    """Tell the launcher, and end, if somebody took this process's port since it was chosen."""
    host, port = spec.address.rsplit(":", 1)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as gRPC does
        try:
            probe.bind((host, int(port)))
        except OSError:
            _leave(spec)


def leave_if_server_did_not_start(spec: TrainSpec, error: Exception) -> None:
    """The same if it was taken in the instant between."""
    if "Could not start gRPC server" in str(error):
        _leave(spec)


def _leave(spec: TrainSpec) -> None:
    emit({"port_taken": spec.address})
    sys.exit(1)
