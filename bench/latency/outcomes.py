"""What came of each candidate, as the coordinator collects it."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from ...core import Measurement
from .candidates import Candidate, Status
from .messages import BurstTimes, Closed, Inspected, Opened, StageTimes
from .scenarios import Scenario

__all__ = ["Outcome"]


@dataclass
class Outcome:
    """What came of one candidate, while it comes in.

    bursts, stages: by round. accuracy: the mean of a metric over a data set. notes: what a reader should know, a
    sentence each.
    """

    candidate: Candidate
    status: Status = "measured"
    reason: str | None = None
    opened: Opened | None = None
    inspected: Inspected | None = None
    bursts: list[BurstTimes] = field(default_factory=list)
    stages: list[StageTimes] = field(default_factory=list)
    closed: Closed | None = None
    accuracy: Measurement | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def measured(self) -> bool:
        """Return whether there is anything to tell of its speed."""
        return self.status == "measured" and bool(self.bursts)

    def fail(self, reason: str, status: Status = "failed") -> None:
        """Note why it cannot be measured."""
        self.status, self.reason = status, reason

    def latencies(self) -> list[float]:
        """Return the milliseconds of every query, in the order of the rounds."""
        return [value for burst in self.bursts for value in burst.latencies_ms]

    def times(self, scenario: Scenario) -> list[list[float]]:
        """Return what is compared, by round: milliseconds for one image; under `server`, from its arrival."""
        batch = self.candidate.batch
        if scenario.kind == "offline":
            return [[burst.wall_ms / (len(burst.latencies_ms) * batch)] for burst in self.bursts]
        divisor = 1 if scenario.kind == "server" else batch
        return [[value / divisor for value in burst.latencies_ms] for burst in self.bursts]

    def medians(self, scenario: Scenario) -> list[float]:
        """Return the median of `times` in each round."""
        return [median(values) for values in self.times(scenario)]

    def throughput(self) -> float:
        """Return images a second."""
        images = sum(len(burst.latencies_ms) for burst in self.bursts) * self.candidate.batch
        return images / sum(burst.wall_ms for burst in self.bursts) * 1000

    def others(self) -> float | None:
        """Return the share of the processors that other processes took while it ran; None where nobody tells."""
        known = [(burst.others, burst.wall_ms) for burst in self.bursts if burst.others is not None]
        wall = sum(weight for _, weight in known)
        return sum(share * weight for share, weight in known) / wall if wall else None
