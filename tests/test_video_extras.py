"""What belongs to a video beside its frames: sound, languages, tags, chapters, a cover, subtitles; kept, or named."""

from __future__ import annotations

import errno
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from clips import audio_of, copy, drawn, make_clip, seconds_of, spoil
from mattekit.core import VideoError
from mattekit.infer import VideoSettings, plan_video
from mattekit.infer.video.container_sink import ContainerSink
from mattekit.infer.video.pyav import video_errors

av = pytest.importorskip("av", reason="video needs the extra `video`")

SIZE, RATE = (64, 48), 48_000


def wave(number: int, layout: str = "stereo") -> Any:
    channels = av.AudioLayout(layout).nb_channels
    at = np.arange(1024 * number, 1024 * (number + 1))
    tone = (9000 * np.sin(at * 2 * np.pi * 440 / RATE)).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(np.repeat(tone, channels)[None], format="s16", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = RATE, 1024 * number, Fraction(1, RATE)
    return frame


def film(
    path: Path,
    *,
    sound: tuple[str, ...] = ("aac", "aac"),
    words: str = "subrip",
    text: bytes = b"Hello there",
    tags: dict[str, str] | None = None,
    layout: str = "stereo",
    second: bool = False,
) -> Path:
    """A film of a second with everything in it that its container can hold."""
    png = cv2.imencode(".png", drawn(0)[..., ::-1])[1].tobytes()
    with av.open(str(path), "w") as out:
        out.metadata.update(tags or {"title": "My film", "artist": "Me"})
        out.set_chapters(
            [
                {
                    "id": n,
                    "start": 500 * n,
                    "end": 500 * n + 500,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": t},
                }
                for n, t in enumerate(("One", "Two"))
            ]
        )
        pictures = [out.add_stream("libx264", rate=25) for _ in range(2 if second else 1)]
        for stream in pictures:
            stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
            stream.codec_context.sample_aspect_ratio = Fraction(1)
        tracks: list[Any] = []
        for number, codec in enumerate(sound):
            track = out.add_stream(codec, rate=RATE)
            track.layout = layout
            track.metadata.update({"language": ("eng", "deu")[number % 2], "title": ("Main", "Comments")[number % 2]})
            track.disposition = av.stream.Disposition.default if number == 1 else av.stream.Disposition(0)
            tracks.append(track)
        said: Any = out.add_mux_stream(words) if words else None
        if said:
            said.time_base = Fraction(1, 1000)
            said.metadata["language"] = "fra"
        if path.suffix == ".mkv":
            out.add_attachment("cover.png", "image/png", png)
            out.add_attachment("font.ttf", "font/ttf", b"not really a font")
        for number in range(25):
            for stream in pictures:
                frame = av.VideoFrame.from_ndarray(drawn(number % 12), format="rgb24").reformat(format="yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                out.mux(stream.encode(frame))
        for track in tracks:
            for number in range(46):
                out.mux(track.encode(wave(number, layout)))
        if said:
            packet = av.Packet(text)
            packet.pts = packet.dts = 120
            packet.duration, packet.time_base, packet.stream = 700, Fraction(1, 1000), said
            out.mux(packet)
        for stream in (*pictures, *tracks):
            out.mux(stream.encode(None))
    return path


def seen(path: Path) -> dict[str, Any]:
    """What a file says of itself."""
    with av.open(str(path)) as file:
        tags = {name.lower(): value for name, value in file.metadata.items()}
        said: dict[str, list[dict[str, str]]] = {}
        flags: list[int] = []
        for stream in file.streams:
            said.setdefault(stream.type, []).append(dict(stream.metadata))
            if stream.type == "audio":
                flags.append(int(stream.disposition) & 1)
        texts = [bytes(p) for p in file.demux(*file.streams.subtitles) if p.size > 2] if file.streams.subtitles else []
        return {
            "tags": tags,
            "languages": [one.get("language") for one in said.get("audio", [])],
            "titles": [one.get("title", one.get("name")) for one in said.get("audio", [])],
            "flags": flags,
            "chapters": [one["metadata"]["title"] for one in file.chapters()],
            "texts": texts,
            "covers": sum(bool(s.disposition & av.stream.Disposition.attached_pic) for s in file.streams.video),
            "attachments": [one.metadata["filename"] for one in file.streams.attachments],
            "aspect": file.streams.video[0].sample_aspect_ratio,
            "codecs": [one.codec_context.name for one in file.streams.audio],
        }


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".webm"])
def test_what_a_container_can_hold_is_kept_and_the_rest_is_named(suffix: str, tmp_path: Path) -> None:
    clip, out = film(tmp_path / "film.mkv"), tmp_path / f"out{suffix}"
    report = copy(clip, out, audio="opus" if suffix == ".webm" else "copy")
    found, notes = seen(out), " | ".join(report.notes)
    assert found["languages"] == (["eng", "ger"] if suffix == ".mov" else ["eng", "deu"])
    assert found["titles"] == ["Main", "Comments"]
    assert found["flags"] == [0, 1]
    assert found["chapters"] == ["One", "Two"]
    assert (found["tags"]["title"], found["tags"]["artist"]) == ("My film", "Me")
    assert [text.removeprefix(b"\x00\x0b") for text in found["texts"]] == [b"Hello there"]
    assert found["aspect"] == 1
    assert found["covers"] == (suffix in {".mkv", ".mp4"})
    assert ("cover cover.png" in notes) == (suffix not in {".mkv", ".mp4"})
    assert found["attachments"] == (["font.ttf"] if suffix == ".mkv" else [])
    assert ("attachment font.ttf" in notes) == (suffix != ".mkv")
    # What is kept is not named.
    assert "tags" not in notes
    assert "chapters" not in notes
    assert "hold subtitles" not in notes


def test_styled_subtitles_become_plain_text_where_only_that_is_held(tmp_path: Path) -> None:
    line = rb"0,0,Default,,0,0,0,,{\i1}Hello,{\i0}\Nthere"
    clip = film(tmp_path / "film.mkv", words="ass", text=line)
    copy(clip, tmp_path / "out.mkv")
    assert seen(tmp_path / "out.mkv")["texts"] == [line]
    copy(clip, tmp_path / "out.mp4")
    assert [text[2:] for text in seen(tmp_path / "out.mp4")["texts"]] == [b"Hello,\nthere"]
    copy(tmp_path / "out.mp4", tmp_path / "back.mkv")
    assert seen(tmp_path / "back.mkv")["texts"] == [b"Hello,\nthere"]


def test_tags_of_a_phone_are_kept_and_strange_ones_are_named(tmp_path: Path) -> None:
    tags = {"title": "x", "creation_time": "2024-05-01T10:00:00.000000Z", "location": "+48.1000+011.5000/"}
    clip = film(tmp_path / "film.mp4", words="", tags=tags)
    for suffix in (".mp4", ".mov", ".mkv"):
        report = copy(clip, tmp_path / f"out{suffix}")
        found = seen(tmp_path / f"out{suffix}")["tags"]
        assert {name: found.get(name) for name in tags} == tags
        assert not any("tags" in note for note in report.notes)
    odd = film(tmp_path / "odd.mkv", tags={"title": "x", "MOOD": "blue"})
    assert any("these tags, which were left out: MOOD" in note for note in copy(odd, tmp_path / "odd.mp4").notes)


def test_a_timecode_is_kept(tmp_path: Path) -> None:
    clip = film(tmp_path / "film.mkv", words="", tags={"timecode": "01:02:03:04"})
    copy(clip, tmp_path / "out.mov")
    copy(tmp_path / "out.mov", tmp_path / "again.mov")
    with av.open(str(tmp_path / "again.mov")) as file:
        assert {s.metadata["timecode"] for s in file.streams if "timecode" in s.metadata} == {"01:02:03:04"}


def test_streams_that_no_result_holds_are_named(tmp_path: Path) -> None:
    clip = film(tmp_path / "film.mp4", words="", second=True)
    report = copy(clip, tmp_path / "out.mp4")
    assert any("another video (stream 1, h264)" in note for note in report.notes)
    report = copy(film(tmp_path / "film.mkv"), tmp_path / "out")
    (note,) = [note for note in report.notes if "no room" in note]
    for part in ("audio", "subtitles", "chapters", "tags", "cover", "attachments"):
        assert part in note


def test_an_mp4_begins_with_its_index(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    for suffix in (".mp4", ".m4v", ".mov"):
        copy(clip, tmp_path / f"out{suffix}")
        data = (tmp_path / f"out{suffix}").read_bytes()
        assert data.index(b"moov") < data.index(b"mdat")


# --- sound ---


@pytest.mark.parametrize(
    ("codec", "container", "out", "advice"),
    [
        ("aac", ".mkv", ".webm", r"\(aac\); transcode it with --audio opus, write \.mp4 or \.mov or \.mkv, or leave"),
        ("wmav2", ".wmv", ".mkv", r"\(wmav2\); transcode it with --audio aac or --audio opus, or leave it out"),
        (
            "pcm_bluray",
            ".m2ts",
            ".mp4",
            r"\(pcm_bluray\); transcode it with --audio aac or --audio opus, or leave it out",
        ),
        (
            "pcm_s16le",
            ".mkv",
            ".webm",
            r"\(pcm_s16le\); transcode it with --audio opus, write .*\.mkv, or leave it out",
        ),
        ("ac3", ".mkv", ".webm", r"\(ac3\); transcode it with --audio opus, write .*\.mkv"),
    ],
)
def test_who_can_hold_the_audio_is_known_before_a_model_is_opened(
    codec: str, container: str, out: str, advice: str, tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / f"clip{container}", audio=codec)
    with pytest.raises(VideoError, match=advice) as refused:
        plan_video(str(clip), tmp_path / f"out{out}", VideoSettings(model=None))
    # What is advised works.
    for suffix in (".mp4", ".mov", ".mkv"):
        if f" {suffix}" in str(refused.value):
            copy(clip, tmp_path / f"advised{suffix}")
    for how in ("aac", "opus"):
        if f"--audio {how}" in str(refused.value):
            copy(clip, tmp_path / f"{how}{out}", audio=how)
            assert seen(tmp_path / f"{how}{out}")["codecs"] == [how if how == "aac" else "opus"]


@pytest.mark.parametrize(
    ("codec", "layout", "how", "out"),
    [
        ("pcm_s16le", "stereo", "aac", "out.mp4"),
        ("aac", "5.1", "opus", "out.webm"),
        ("flac", "mono", "opus", "out.mkv"),
    ],
)
def test_transcoded_sound_is_the_same_sound_at_the_same_time(
    codec: str, layout: str, how: str, out: str, tmp_path: Path
) -> None:
    clip = film(tmp_path / "film.mkv", sound=(codec,), words="", layout=layout)
    copy(clip, tmp_path / out, audio=how)
    with av.open(str(tmp_path / out)) as file:
        sound = file.streams.audio[0]
        frames = list(file.decode(sound))
        heard = np.concatenate([frame.to_ndarray().astype(np.float64)[0] for frame in frames])
        assert sound.codec_context.layout.nb_channels == av.AudioLayout(layout).nb_channels
        assert sound.codec_context.sample_rate == RATE
        assert abs(float((frames[0].pts or 0) * sound.time_base)) < 0.03
    assert len(heard) / RATE == pytest.approx(46 * 1024 / RATE, abs=0.06)
    spectrum = np.abs(np.fft.rfft(heard[4800:38_400]))
    assert np.fft.rfftfreq(33_600, 1 / RATE)[spectrum.argmax()] == pytest.approx(440, abs=3)


def test_a_codec_that_the_container_does_not_hold_is_refused_with_the_one_that_it_does(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", audio="aac")
    with pytest.raises(VideoError, match=r"\.webm can't hold sound in aac; use --audio opus"):
        copy(clip, tmp_path / "out.webm", audio="aac")
    copy(clip, tmp_path / "out.webm", audio="none")
    assert seen(tmp_path / "out.webm")["codecs"] == []


# --- what goes wrong ---


def test_a_full_disk_is_called_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_clip(tmp_path / "clip.mp4", audio="aac")

    def full(*_: object, **__: object) -> None:
        with video_errors("out.mp4", "written", "choose another format"):
            raise av.error.OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ContainerSink, "_mux", full)
    with pytest.raises(VideoError, match=r"out\.mp4: the disk is full; make room"):
        copy(clip, tmp_path / "out.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_what_an_encoder_refuses_is_told_in_its_own_words(tmp_path: Path) -> None:
    for number in range(2):
        assert cv2.imwrite(str(tmp_path / f"in-{number}.png"), np.zeros((8, 16_500, 3), np.uint8))
    with pytest.raises(VideoError, match=r"libwebp_anim .*16500x8") as refused:
        copy(tmp_path / "in-*.png", tmp_path / "out.webp")
    assert "disk" not in str(refused.value)


def test_too_many_broken_frames_name_the_first(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", options={"bf": "0", "g": "1"})
    with pytest.raises(
        VideoError, match=r"more than 1 frames are broken.*the first: h264 can't decode the one at 0\.12 s"
    ):
        copy(spoil(clip, tmp_path / "spoilt.mp4", {3, 4, 5}), tmp_path / "out.mp4", max_broken=1)


def test_sound_of_a_glued_recording_is_transcoded_on(tmp_path: Path) -> None:
    parts = [make_clip(tmp_path / f"{n}.ts", audio="aac", times=[3600 * k for k in range(15)]) for n in range(2)]
    (tmp_path / "glued.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    copy(tmp_path / "glued.ts", tmp_path / "out.mp4", audio="aac")
    ends = audio_of(tmp_path / "out.mp4")[-1][0], seconds_of(tmp_path / "out.mp4")[-1]
    assert float(ends[0]) == pytest.approx(float(ends[1]), abs=0.15)
