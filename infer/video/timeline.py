"""One clock for all streams of a file: it begins at the file's start, and goes on where theirs jumps or steps back."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from .frames import Tally
from .pyav import load_av

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream

__all__ = ["Timeline", "origin_of"]

# Formats of broadcasts and streams, by FFmpeg's names: their clock begins anywhere, and may begin anew.
_RUNNING = frozenset({"flv", "live_flv", "mpeg", "mpegts", "rtp", "rtp_mpegts", "rtsp", "sdp"})

# The clock of MPEG's transport and program streams has 33 bits, at 90 kHz.
_ROUND = Fraction(1 << 33, 90_000)
_ROUNDS = frozenset({"mpeg", "mpegts", "rtp_mpegts"})

# A file whose clock has an origin may begin with a pause so long; one that begins later was cut out of a stream.
_LONGEST_PAUSE = 10

# Seconds by which a stream's decoding times may step back without a new beginning, and all streams be silent.
_STEP_BACK, _STEP_BACK_SHOWN, _SILENCE = Fraction(1, 10), 2, 10

# So far is looked ahead for the other streams' first packets after a jump.
_AHEAD_S, _AHEAD = 1, 512


def origin_of(container: InputContainer) -> Fraction | None:
    """Return the seconds at which a file's clock begins; None where nothing says so before its first packet.

    MP4, Matroska and their like count from 0, so that a pause at their beginning is kept; broadcasts from anywhere.
    """
    names, start = set(container.format.name.split(",")), cast("int | None", container.start_time)
    if start is None:
        return None if names & _RUNNING else Fraction(0)
    seconds = Fraction(start, 1_000_000)
    return seconds if names & _RUNNING or seconds > _LONGEST_PAUSE else Fraction(0)


@dataclass
class _Line:
    """Where one stream is.

    Attributes:
        offset: what is added to its own times, in seconds.
        part: of how many jumps that is.
        last: its last decoding time, by its own clock.
        exact: that is one, and not when the packet is shown.
        step: seconds between its packets, at least.
        end: when what it has so far ends, by ours.
    """

    offset: Fraction
    part: int
    last: Fraction | None = None
    exact: bool = False
    step: Fraction | None = None
    end: Fraction | None = None


class Timeline:
    """Gives the packets of all streams times of one clock that starts at the file's start and only goes on.

    Where the times of a stream step back, or in a broadcast all streams are silent for long, another recording begins:
    it follows the one before without a gap, its streams as they are to each other.

    Args:
        container: whose packets they are.
        tally: where jumps are noted.

    Attributes:
        origin: the seconds at which the file's clock begins.
        jumps: the clock may begin anew on the way.
    """

    def __init__(self, container: InputContainer, tally: Tally) -> None:
        names = set(container.format.name.split(","))
        self.origin = origin_of(container)
        self.jumps, self._rounds = bool(names & _RUNNING), bool(names & _ROUNDS)
        self._tally = tally
        self._offset = None if self.origin is None else -self.origin
        self._lines: dict[int, _Line] = {}
        self._part = 0
        self._rolled = False

    def follow(self, packets: Iterator[Packet[Stream]]) -> Generator[Packet[Stream]]:
        """Yield the packets with their times changed; those of a stream stay in their order."""
        waiting: deque[Packet[Stream]] = deque()
        while True:
            packet = waiting.popleft() if waiting else next(packets, None)
            if packet is None:
                break
            if packet.is_corrupt and self._rounds:
                packet = self._whole(packet, waiting, packets)
            at = _decoded_at(packet)
            if at is not None and self._is_jump(packet, at):
                ahead = [packet]
                # What still belongs to the part before goes first.
                yield from self._look_ahead(ahead, waiting, packets)
                self._begin_part(ahead)
                waiting.extendleft(reversed(ahead))
                continue
            yield self._placed(packet, at)
        self._note()

    def _look_ahead(
        self, ahead: list[Packet[Stream]], waiting: deque[Packet[Stream]], packets: Iterator[Packet[Stream]]
    ) -> Generator[Packet[Stream]]:
        """Fill `ahead` up to the first packet of each stream after a jump."""
        first, missing = _decoded_at(ahead[0]) or Fraction(0), set(self._lines) - {ahead[0].stream.index}
        while missing and len(ahead) < _AHEAD:
            packet = waiting.popleft() if waiting else next(packets, None)
            if packet is None:
                return
            at = _decoded_at(packet)
            index = packet.stream.index
            if index in missing and (at is None or not self._is_jump(packet, at)):
                yield self._placed(packet, at)
                continue
            missing.discard(index)
            ahead.append(packet)
            if at is not None and at - first > _AHEAD_S:
                return

    def _is_jump(self, packet: Packet[Stream], at: Fraction) -> bool:
        """Say whether another part begins with a packet, unless it is the one that other streams have begun."""
        line = self._lines.get(packet.stream.index)
        if line is None or line.last is None or not self._breaks(packet, at):
            return False
        if self._rounds and abs(at - line.last + _ROUND) < _SILENCE:
            line.offset, line.last = line.offset + _ROUND, at
            self._rolled = True
            return False
        if line.part < self._part and self._offset is not None and line.end is not None:
            there = at + self._offset
            if -_AHEAD_S < there - line.end < _SILENCE:
                line.offset, line.part, line.last = self._offset, self._part, at
                return False
        return True

    def _breaks(self, packet: Packet[Stream], at: Fraction) -> bool:
        """Say whether a packet is far from the one of its stream before it."""
        line = self._lines.get(packet.stream.index)
        if line is None or line.last is None:
            return False
        exact = packet.dts is not None and line.exact
        silent = self.jumps and at + line.offset - self._end > _SILENCE
        return silent or at - line.last < -(_STEP_BACK if exact else _STEP_BACK_SHOWN)

    def _whole(
        self, packet: Packet[Stream], waiting: deque[Packet[Stream]], packets: Iterator[Packet[Stream]]
    ) -> Packet[Stream]:
        """Return a packet that is called damaged as a whole one, where that is for the part after it alone.

        A transport stream numbers its pieces: where another recording follows, the number is not the next one, which is
        found one packet late.
        """
        after = 0
        for number in range(_AHEAD):
            if number == len(waiting):
                read = next(packets, None)
                if read is None:
                    break
                waiting.append(read)
            at = _decoded_at(waiting[number])
            if waiting[number].stream.index != packet.stream.index or at is None:
                continue
            if self._breaks(waiting[number], at):
                return _copied(packet)
            after += 1
            if after == 2:
                break
        return packet

    @property
    def _end(self) -> Fraction:
        """When what there is so far ends."""
        return max((line.end for line in self._lines.values() if line.end is not None), default=Fraction(0))

    def _begin_part(self, ahead: list[Packet[Stream]]) -> None:
        """Let what comes follow what was."""
        shown = [_shown_at(packet) for packet in ahead]
        first = min(at for at in shown if at is not None)
        self._offset = self._end - first
        self._part += 1
        for index in {packet.stream.index for packet in ahead} & set(self._lines):
            before = self._lines[index]
            self._lines[index] = _Line(self._offset, self._part, step=before.step, end=before.end)

    def _placed(self, packet: Packet[Stream], at: Fraction | None) -> Packet[Stream]:
        shown, time_base = _shown_at(packet), packet.time_base
        if shown is None:
            return packet
        if self._offset is None:
            self._offset, self.origin = -shown, shown
        line = self._lines.setdefault(packet.stream.index, _Line(self._offset, self._part))
        if at is not None:
            if line.last is not None and at > line.last:
                line.step = at - line.last if line.step is None else min(line.step, at - line.last)
            line.last, line.exact = at, packet.dts is not None
        end = shown + line.offset + ((packet.duration or 0) * time_base or line.step or 0)
        line.end = end if line.end is None else max(line.end, end)
        by = round(line.offset / time_base)
        if by:
            packet.pts = None if packet.pts is None else packet.pts + by
            packet.dts = None if packet.dts is None else packet.dts + by
        return packet

    def _note(self) -> None:
        if self._part:
            times = "once" if self._part == 1 else f"{self._part} times"
            self._tally.note(
                f"its clock jumps or begins anew {times}, as in recordings that were glued together: the parts follow "
                "each other without a gap"
            )
        if self._rolled:
            self._tally.note("its clock rolled over, and was taken to go on")


def _copied(packet: Packet[Stream]) -> Packet[Stream]:
    copied: Packet[Stream] = load_av().Packet(bytes(packet))
    copied.pts, copied.dts, copied.duration, copied.time_base = (
        packet.pts,
        packet.dts,
        packet.duration,
        packet.time_base,
    )
    copied.is_keyframe, copied.stream = packet.is_keyframe, packet.stream
    return copied


def _decoded_at(packet: Packet[Stream]) -> Fraction | None:
    stamp = packet.dts if packet.dts is not None else packet.pts
    return None if stamp is None else stamp * packet.time_base


def _shown_at(packet: Packet[Stream]) -> Fraction | None:
    stamp = packet.pts if packet.pts is not None else packet.dts
    return None if stamp is None else stamp * packet.time_base
