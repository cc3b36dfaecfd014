"""The command `video`: parse → call functions → print → exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .options import (
    Anchor,
    ArithmeticOption,
    Decontaminate,
    Device,
    Fit,
    Keep,
    Linear,
    Memory,
    Offline,
    Offset,
    PlaceOption,
    RecordFile,
    RefineOption,
    Scale,
    ShadowOption,
    Sr,
    Tile,
    Times,
)

__all__ = ["register"]

_BACKGROUND = "An image or video, a colour (white, '#336699'), blur, blur:RADIUS, or none for transparency."


def register(app: typer.Typer) -> None:
    """Add the command to the main application."""

    @app.command(rich_help_panel="Images and video")
    def video(
        source: Annotated[
            str,
            typer.Argument(
                help="A video, a folder or glob of numbered frames, a camera's number, or a stream's URL.",
                metavar="INPUT",
                show_default=False,
            ),
        ],
        *,
        out: Annotated[
            Path,
            typer.Option(
                "--out",
                "-o",
                help="The result: .mp4, .mov, .mkv, .webm, .webp, or a folder for PNG files.",
                show_default=False,
            ),
        ],
        model: Annotated[
            str, typer.Option("--model", help="An IR, an ONNX file, a model of the zoo, or none.")
        ] = "mattelite",
        sr: Sr = "none",
        background: Annotated[str, typer.Option(help=_BACKGROUND)] = "none",
        fit: Fit = "fill",
        anchor: Anchor = "center",
        scale: Scale = 1.0,
        offset: Offset = (0, 0),
        place: PlaceOption = "frame",
        shadow: ShadowOption = "none",
        linear: Linear = False,
        keep: Keep = None,
        refine: RefineOption = "none",
        decontaminate: Decontaminate = None,
        device: Device = "CPU",
        arithmetic: ArithmeticOption = "f32",
        tile: Tile = 256,
        memory: Memory = None,
        times: Times = None,
        smooth: Annotated[
            float, typer.Option(min=0, max=0.99, help="Smooth the mask over time, such as 0.6; 0 leaves it.")
        ] = 0.0,
        codec: Annotated[
            str | None,
            typer.Option(help="h264, vp9, prores, webp or png; by default what OUT's suffix is for."),
        ] = None,
        quality: Annotated[int | None, typer.Option(min=1, max=100, help="Of the codec; 100 loses least.")] = None,
        fps: Annotated[str | None, typer.Option(help="Of numbered frames: 25, 29.97 or 30000/1001.")] = None,
        frames: Annotated[int | None, typer.Option(min=1, help="End after so many frames.")] = None,
        max_broken: Annotated[int, typer.Option(min=0, help="Conceal so many broken frames before failing.")] = 25,
        no_audio: Annotated[bool, typer.Option("--no-audio", help="Leave the audio out.")] = False,
        record: RecordFile = None,
        offline: Offline = False,
    ) -> None:
        """Remove the background of a video, improve its resolution, superimpose on a new background.

        Frames keep their own times and the audio is handed on unchanged. Ctrl-C ends the recording of a camera or a
        stream, and leaves nothing of anything else.
        """
        from ..core import PartialFailureError
        from ..infer import Placement, VideoSettings, parse_fps, parse_shadow, plan_video, run_video
        from ..models import open_pipeline
        from .views.progress import ProgressBar
        from .views.video import print_video

        placement = Placement(fit, anchor, scale, offset, place=place, shadow=parse_shadow(shadow), linear=linear)
        settings = VideoSettings(smooth=smooth, max_broken=max_broken, frames=frames, audio=not no_audio)
        plan = plan_video(
            source,
            out,
            removes=model != "none",
            background=background,
            placement=placement,
            codec=codec,
            quality=quality,
            fps=parse_fps(fps),
        )
        with ProgressBar() as bar:
            pipeline = open_pipeline(
                model=None if model == "none" else model,
                sr=None if sr == "none" else sr,
                background=plan.background,
                placement=placement,
                keep=tuple(keep or ()),
                refine=refine,
                decontaminate=decontaminate,
                device=device,
                arithmetic=arithmetic,
                tile=tile,
                memory=memory,
                times=times,
                # A camera's frame should come out soon; a file's should come out fast, one after another.
                many=not plan.source.info.live,
                lean=True,
                offline=offline,
                progress=bar.bytes,
            )
            report = run_video(plan, pipeline, settings, record={"device": device}, progress=bar.frames)
        print_video(report)
        if record:
            report.record.write(record)
        if report.truncated:
            raise typer.Exit(PartialFailureError.exit_code)
