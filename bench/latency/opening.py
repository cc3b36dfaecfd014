"""Open a candidate on its runtime, and the input that it is measured on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...infer import LoadedModel, Runtime, Tensor
from ...models import open_runtime
from .candidates import Candidate

__all__ = ["loaded", "open_candidate", "sample_input"]


def open_candidate(candidate: Candidate) -> Runtime:
    """Open a candidate; only its own runtime is imported.

    Raises:
        MattekitError: as `open_runtime`.
    """
    return open_runtime(candidate.runtime, candidate.variant.path, candidate.settings)


def sample_input(candidate: Candidate) -> Tensor:
    """Return an input of the candidate's shape, values 0..1: how long a convolution takes does not depend on them."""
    return np.random.default_rng(0).random(candidate.shape, dtype=np.float32)


def loaded(candidate: Candidate, runtime: Runtime) -> LoadedModel:
    """Return the candidate as a model that takes images, in windows of its size alone."""
    contract = candidate.variant.contract.with_size(candidate.height, candidate.width)
    return LoadedModel(replace(candidate.variant, contract=contract), runtime)
