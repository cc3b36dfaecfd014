"""The cluster: connecting to Ray, how many actors it has room for, and how they are sent work."""

from __future__ import annotations

import logging
import math
import os
import socket
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core import DeviceError, InputError, MattekitError, last_line, needs_extra

if TYPE_CHECKING:
    import ray.data

__all__ = ["Share", "cluster", "rows_of", "share_of", "whole_nodes"]

_LOCAL_STORE = 256 << 20
"""Bytes of the object store of a cluster that is started here: references and models go through it, no images."""

_AT_A_TIME = 2
"""Batches that an actor works on at a time: while one begins or ends, the network is busy with the other."""

_KNOCK = 5.0
"""Seconds that an address may take to answer at all."""

_IN_FLIGHT = 3
"""Batches that are sent to an actor at a time, so that the next is there when one is done."""


@dataclass(frozen=True)
class Share:
    """What one actor takes of its node.

    Attributes:
        cpus: processors.
        others: what else Ray counts, such as `{"GPU": 1}`.
    """

    cpus: int
    others: tuple[tuple[str, float], ...] = ()


def share_of(device: str, cpus: int) -> Share:
    """Return what an actor for an OpenVINO device takes: processors, and for a GPU or an NPU one of those too."""
    family = device.partition(".")[0].partition(":")[0].upper()
    return Share(cpus, ((family, 1.0),) if family in {"GPU", "NPU"} else ())


def whole_nodes(device: str) -> Share:
    """Return what an actor takes that has a node for itself: as many processors as the smallest node has."""
    import ray

    counts = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    return share_of(device, max(1, min((count for count in counts if count), default=1)))


@contextmanager
def cluster(address: str) -> Generator[None]:
    """Connect to a cluster: `local` starts one here for as long as the block runs, `auto` finds a running one.

    A connection that there is already is used and left.

    Raises:
        DependencyError: Ray is not installed.
        InputError: there is no cluster at the address.
    """
    # No statistics are sent anywhere, and what goes wrong is told in sentences, not in Ray's logs.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
    with needs_extra("--engine ray", "ray[data]", "ray"):
        import ray
    if ray.is_initialized():
        yield
        return
    _knock(address)
    own: dict[str, Any] = {"object_store_memory": _LOCAL_STORE} if address == "local" else {}
    try:
        with warnings.catch_warnings(action="ignore"):
            ray.init(
                address,
                log_to_driver=False,
                include_dashboard=False if own else None,
                logging_level=logging.ERROR,
                **own,
            )
    except (ConnectionError, ValueError, RuntimeError) as error:
        said = " ".join(str(error).split())[:200]
        raise InputError(f"{address}: no Ray cluster is there ({said}); start one with: ray start --head") from error
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Make sure that something listens at `host:port`: Ray itself asks for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK).close()
    except (OSError, OverflowError) as error:
        raise InputError(f"{address}: no Ray cluster is there ({error}); start one with: ray start --head") from error


def rows_of(
    references: Callable[[], Generator[bytes]],
    actor: type,
    argument: object,
    share: Share,
    *,
    column: str = "references",
    ordered: bool = False,
) -> Generator[bytes]:
    """Send batches of references through a pool of actors and give what comes of each.

    Ray holds the references back while the actors are busy: of a long list, only what is soon worked on is in memory.

    Args:
        references: gives the batches; called once, in a process beside this one.
        actor: a class whose objects take `{column: [bytes]}` and return `{"rows": [bytes]}`, in several threads.
        argument: of its constructor; travels once to each node.
        share: what one of the actors takes.
        column: the name of the batches.
        ordered: give the results in the order of the batches.

    Raises:
        MattekitError: as an actor or `references` raised it.
        DeviceError: the cluster has no room for a single actor.
    """
    import ray
    import ray.data
    from ray.data import ActorPoolStrategy
    from ray.exceptions import RayError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    context = _context(ordered=ordered)
    room = _room(share)
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)

    def listing(_: object) -> Generator[dict[str, list[bytes]]]:
        for batch in references():
            yield {column: [batch]}

    others = dict(share.others)
    gpus = others.pop("GPU", None)
    travelling = ray.put(argument)

    class Worker:
        """An actor's object, made of an argument that lies in the cluster's store, once for each node."""

        def __init__(self) -> None:
            self._work = actor(ray.get(travelling))

        def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
            return self._work(batch)

    with warnings.catch_warnings(action="ignore"), ray.data.DataContext.current(context):
        # One process lists, once: begun anew, it might find something else.
        listed = ray.data.from_items([0]).map_batches(
            listing, batch_size=None, num_cpus=0, max_retries=0, scheduling_strategy=here
        )
        worked = listed.map_batches(
            Worker,
            batch_size=1,
            compute=ActorPoolStrategy(
                min_size=1,
                initial_size=room,
                max_size=room,
                max_tasks_in_flight_per_actor=_IN_FLIGHT,
                max_concurrent_calls_per_actor=_AT_A_TIME,
                enable_true_multi_threading=True,
            ),
            num_cpus=share.cpus,
            num_gpus=gpus,
            resources=others or None,
        )
        done = iter(worked.iter_batches(batch_size=None, batch_format="numpy", prefetch_batches=0))
    try:
        while (batch := _next(done)) is not None:
            yield from map(bytes, batch["rows"])
    except RayError as error:
        raise _own(error) from error


def _next(batches: Iterator[Any]) -> Any:
    # Ray warns of its own deprecated words while it works.
    with warnings.catch_warnings(action="ignore"):
        return next(batches, None)


def _context(*, ordered: bool) -> ray.data.DataContext:
    import ray.data

    with warnings.catch_warnings(action="ignore"):
        context = ray.data.DataContext.get_current().copy()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    # A row holds a batch; each is a block of its own, which is handed on at once.
    context.target_max_block_size = 1
    context.target_min_block_size = 0
    context.execution_options.preserve_order = ordered
    context.execution_options.verbose_progress = False
    for name in ("ray.data", "ray"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return context


def _room(share: Share) -> int:
    """Return how many actors the cluster's nodes hold."""
    import ray

    wanted = {"CPU": float(share.cpus), **dict(share.others)}
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    room = sum(min(math.floor(node.get(name, 0) / count) for name, count in wanted.items()) for node in nodes)
    if not room:
        asked = ", ".join(f"{count:g} {name}" for name, count in wanted.items())
        raise DeviceError(f"no node of the cluster has room for one actor ({asked}); add a node, or ask for less")
    return room


def _own(error: BaseException) -> Exception:
    """Return the error of ours that Ray's carries, or Ray's own in a sentence."""
    seen, last = error, error
    while seen is not None:
        if isinstance(seen, MattekitError):
            return seen
        last = seen
        seen = getattr(seen, "cause", None) or seen.__cause__
    # Ray makes a traceback its errors' text; the last line names the error.
    said = f"{type(last).__name__}: {last_line(last)}"
    return DeviceError(f"the cluster ended the run ({said}); look at its nodes, then go on with --resume")
