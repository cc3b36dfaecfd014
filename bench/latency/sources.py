"""From what a user types to files: which variants there are, and which runtimes can execute each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...core import DependencyError, FetchError, ModelError, Variant, sha256_of
from ...models import ModelRef

__all__ = ["Source", "find_sources"]


@dataclass(frozen=True)
class Source:
    """A variant as one runtime executes it; missing: why that cannot be, where it cannot."""

    variant: Variant
    runtime: str
    missing: str | None = None


def find_sources(artifacts: Sequence[str], runtimes: Sequence[str]) -> list[Source]:
    """Find what each artifact means on each runtime.

    Args:
        artifacts: as `ModelRef.parse` takes them; a model's folder means every variant in it.
        runtimes: for the artifacts that do not name one. torch executes the checkpoint that an export was made from,
            and others, such as ONNX Runtime, its ONNX file: one of each for a model, however many variants its folder
            has.

    Raises:
        ModelError: an artifact cannot be found or read.
        ContractError: it carries no contract.
    """
    found: list[Source] = []
    for text in artifacts:
        ref = ModelRef.parse(text)
        if ref.runtime:
            found += [Source(variant, ref.runtime) for variant in ref.variants()]
        else:
            found += [source for runtime in runtimes for source in _on_runtime(ref, runtime)]
    # Several artifacts may hold the same ONNX file, or were made from the same checkpoint.
    seen: dict[tuple[str, str, str], Source] = {}
    for source in found:
        path = source.variant.path
        whole = source.runtime == "openvino" or source.missing
        content = str(path.resolve()) if whole else sha256_of(path)
        seen.setdefault((source.variant.id, source.runtime, content), source)
    reachable = {(source.variant.id, source.runtime) for source in seen.values() if source.missing is None}
    return [s for s in seen.values() if s.missing is None or (s.variant.id, s.runtime) not in reachable]


def _on_runtime(ref: ModelRef, runtime: str) -> list[Source]:
    if runtime == "openvino":
        return [Source(variant, runtime) for variant in ref.variants(runtime)]
    try:
        return [Source(variant, runtime) for variant in ref.variants(runtime)]
    except (ModelError, DependencyError, FetchError) as error:
        # A row of its own says why, and the others are measured.
        return [Source(ref.variants()[0], runtime, str(error))]
