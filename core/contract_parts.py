"""What a contract says of a network's inputs beside the image: states that are fed back, and numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ConstantContract", "ContractPart", "StateContract"]


class ContractPart(BaseModel):
    """A part of a contract: nothing in it changes, and nothing is in it that isn't known."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class StateContract(ContractPart):
    """One of the states of a recurrent network: what it hands on from one frame to the next.

    `input` takes it and `output` gives the next one. A still image, a video's first frame and the first after a cut
    find zeros. Where the file leaves the state's height and width free, they are the image's divided by `stride` and
    rounded up; without one, each is 1, for networks that spread a single number themselves.
    """

    input: str
    output: str
    stride: Annotated[int, Field(ge=1)] | None = None


class ConstantContract(ContractPart):
    """A further input of a network that takes one number, which is always the same."""

    input: str
    value: float
