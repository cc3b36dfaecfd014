"""What an HDR10 video says of its light: the display that it was graded on, and its brightest frames."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av import VideoFrame

__all__ = ["LightLevels", "dynamic_metadata", "light_levels", "with_light_levels"]


@dataclass(frozen=True)
class LightLevels:
    """The static metadata of SMPTE ST 2086 and CTA-861.3.

    Attributes:
        primaries: of the display, x and y of red, green, blue and white; empty where unknown.
        luminance: of the display, the least and the most, in cd/m2; empty where unknown.
        content: the brightest pixel's light and the brightest frame's mean, in cd/m2; empty where unknown.
    """

    primaries: tuple[Fraction, ...] = ()
    luminance: tuple[Fraction, ...] = ()
    content: tuple[int, ...] = ()

    @property
    def peak(self) -> float | None:
        """Return the brightest light, in cd/m2; None where nothing says it."""
        if self.content and self.content[0]:
            return float(self.content[0])
        return float(self.luminance[1]) if self.luminance and self.luminance[1] else None

    def is_like(self, other: LightLevels) -> bool:
        """Say whether these are the same, but for rounding."""
        ours, theirs = (*self.primaries, *self.luminance), (*other.primaries, *other.luminance)
        near = all(abs(a - b) <= max(Fraction(1, 1000), b / 1000) for a, b in zip(ours, theirs, strict=False))
        return len(ours) == len(theirs) and near and self.content == other.content

    @property
    def display(self) -> str:
        """Return the display as x264 and x265 take it: 0.00002 and 0.0001 cd/m2 are 1."""
        red, green, blue, white = (
            f"({round(self.primaries[at] * 50_000)},{round(self.primaries[at + 1] * 50_000)})" for at in (0, 2, 4, 6)
        )
        least, most = (round(value * 10_000) for value in self.luminance)
        return f"G{green}B{blue}R{red}WP{white}L({most},{least})"

    @property
    def plain_display(self) -> str:
        """Return the display as SVT-AV1 takes it."""
        red, green, blue, white = (
            f"({float(self.primaries[at]):.5f},{float(self.primaries[at + 1]):.5f})" for at in (0, 2, 4, 6)
        )
        return f"G{green}B{blue}R{red}WP{white}L({float(self.luminance[1]):.4f},{float(self.luminance[0]):.4f})"


def light_levels(frame: VideoFrame) -> LightLevels | None:
    """Return what a decoded frame says; None where it says nothing."""
    primaries: tuple[Fraction, ...] = ()
    luminance: tuple[Fraction, ...] = ()
    content: tuple[int, ...] = ()
    display, light = frame.side_data.get("MASTERING_DISPLAY_METADATA"), frame.side_data.get("CONTENT_LIGHT_LEVEL")
    if display is not None and len(bytes(display)) >= 88:
        # FFmpeg's struct of ten fractions and two flags.
        numbers = struct.unpack_from("=22i", bytes(display))
        pairs = zip(numbers[:20:2], numbers[1:20:2], strict=True)
        values = [Fraction(top, low) if low else Fraction(0) for top, low in pairs]
        primaries = tuple(values[:8]) if numbers[20] else ()
        luminance = tuple(values[8:]) if numbers[21] else ()
    if light is not None and len(bytes(light)) >= 8:
        content = struct.unpack_from("=2I", bytes(light))
    if not (primaries or luminance or content):
        return None
    return LightLevels(primaries, luminance, content)


def dynamic_metadata(frame: VideoFrame) -> list[str]:
    """Return the names of what a frame says that changes from frame to frame, which no encoder here takes."""
    names = {"DYNAMIC_HDR_PLUS": "HDR10+", "DOVI_METADATA": "Dolby Vision", "DYNAMIC_HDR_VIVID": "HDR Vivid"}
    return [name for kind, name in names.items() if frame.side_data.get(kind) is not None]


def with_light_levels(encoder: str, options: dict[str, str], levels: LightLevels) -> dict[str, str]:
    """Return an encoder's options with those that make it write the levels, as far as it can.

    Args:
        encoder: FFmpeg's name.
        options: its own.
        levels: to write.
    """
    names = {
        "libx265": ("x265-params", "master-display", "max-cll"),
        "libx264": ("x264-params", "mastering-display", "cll"),
        "libsvtav1": ("svtav1-params", "mastering-display", "content-light"),
    }
    if encoder not in names:
        return options
    where, display, content = names[encoder]
    parts = [options[where]] if where in options else []
    if levels.primaries and levels.luminance:
        parts.append(f"{display}={levels.plain_display if encoder == 'libsvtav1' else levels.display}")
    parts += [f"{content}={levels.content[0]},{levels.content[1]}"] if levels.content else []
    return {**options, where: ":".join(parts)} if parts else options
