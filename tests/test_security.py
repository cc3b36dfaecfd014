"""What hostile files, archives and names can't do. SECURITY.md names a test for each promise."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import re
import resource
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from mattekit.core import (
    CheckpointError,
    ImageError,
    InputError,
    MattekitError,
    ModelError,
    PeerRecord,
    Record,
    RunRecord,
    VideoError,
    atomic_path,
    printable,
    read_record,
    unpack,
)
from mattekit.datasets import read_alpha, read_rgb
from mattekit.images import read_image
from mattekit.infer import load, read_model
from records import validate_record

ROOT = Path(__file__).resolve().parents[1]
HOSTILE = Path(__file__).parent / "data" / "hostile"
EVIL_NAME = "a\x1b[31m\x07\n<script>alert(1)<script>.jpg"


def archive_of(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def test_each_promise_names_a_test_that_is_there() -> None:
    named = re.findall(r"`(tests/\w+\.py)::(\w+)`", (ROOT / "SECURITY.md").read_text(encoding="utf-8"))
    assert len(named) >= 20
    for file, name in named:
        body = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
        there = {node.name for node in body if isinstance(node, ast.FunctionDef)}
        assert name in there, f"SECURITY.md names {file}::{name}"
    promised, _, _ = (ROOT / "SECURITY.md").read_text(encoding="utf-8").partition("## What is not promised")
    promises = re.findall(r"^- .*(?:\n  .*)*", promised, flags=re.MULTILINE)
    assert len(promises) >= 20
    assert all("`tests/" in promise for promise in promises)


@pytest.mark.parametrize(
    "name", ["../out.txt", "/etc/out.txt", "a/../../out.txt", "C:/out.txt", "a\\..\\out", "a\x1bb"]
)
def test_an_archives_names_cannot_lead_out(name: str, tmp_path: Path) -> None:
    archive, folder = archive_of(tmp_path / "set.zip", {"fine.txt": b"x", name: b"x"}), tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(InputError, match="leads out of the folder") as caught:
        unpack(archive, folder)
    assert str(caught.value).isprintable()
    assert not list(folder.iterdir())


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        unpack(tmp_path / "set.zip", tmp_path)


def test_an_archive_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "bomb.zip", {f"{number}": bytes(8 << 20) for number in range(10)})
    assert archive.stat().st_size < 100_000
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="would unpack to 83,886,080 bytes"):
        unpack(archive, tmp_path / "folder")
    assert not list((tmp_path / "folder").iterdir())


def test_an_archive_that_lies_about_its_sizes_is_refused(tmp_path: Path) -> None:
    data = bytearray(archive_of(tmp_path / "lie.zip", {"a": bytes(1 << 20)}).read_bytes())
    for at in [found.start() for found in re.finditer(re.escape((1 << 20).to_bytes(4, "little")), bytes(data))]:
        data[at : at + 4] = (10).to_bytes(4, "little")
    (tmp_path / "lie.zip").write_bytes(data)
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="not a ZIP archive that can be unpacked"):
        unpack(tmp_path / "lie.zip", tmp_path / "folder")
    assert all(path.stat().st_size <= 1 << 16 for path in (tmp_path / "folder").iterdir())


def test_a_checkpoint_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="reading a checkpoint needs the extra `export`")
    from mattekit.convert.checkpoint import load_state_dict

    target = io.BytesIO()
    torch.save({"weight": torch.zeros(100)}, target)
    with zipfile.ZipFile(target) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    (data,) = [name for name in members if name.endswith("data/0")]
    path = archive_of(tmp_path / "bomb.pth", members | {data: bytes(80 << 20)})
    with pytest.raises(CheckpointError, match="would take"):
        load_state_dict(path)
    # One value that stands for a thousand million.
    torch.save({"weight": torch.zeros(1, dtype=torch.float16).expand(1 << 15, 1 << 15)}, tmp_path / "wide.pth")
    with pytest.raises(CheckpointError, match=r"would take 4,294,967,296 bytes"):
        load_state_dict(tmp_path / "wide.pth")


def test_a_data_sets_image_has_a_limit_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 20, 3), np.uint8))
    assert read_rgb(tmp_path / "a.png").shape == (20, 20, 3)
    monkeypatch.setenv("MATTEKIT_MAX_PIXELS", "399")
    for read in (read_rgb, read_alpha):
        with pytest.raises(ImageError, match=r"more than the limit of 0\.000399"):
            read(tmp_path / "a.png")


def test_names_cannot_steer_the_terminal(tmp_path: Path) -> None:
    images, out = tmp_path / "in", tmp_path / "out"
    images.mkdir()
    cv2.imwrite(str(tmp_path / "good.png"), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "good.png").rename(images / f"good {EVIL_NAME}")
    (images / f"bad {EVIL_NAME}").write_bytes(b"no image")
    arguments = [sys.executable, "-m", "mattekit", "superimpose", images, "--background", "white", "-o", out]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 5
    for said in (done.stdout, done.stderr):
        assert "<script>" in said
        assert printable(said, lines=True) == said
    assert "good a\\x1b[31m\\x07\\n<script>" in done.stdout
    assert done.stdout.count("\n") == 1


def test_an_error_is_one_printable_line() -> None:
    assert str(InputError(f"{EVIL_NAME}: \udcff\u202e")).isprintable()
    assert len(str(InputError("x" * 100_000))) <= 1500


def test_a_link_at_a_results_name_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "result.png").symlink_to(tmp_path / "precious")
    with atomic_path(tmp_path / "result.png") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "precious").read_text() == "kept"
    assert (tmp_path / "result.png").read_text() == "new"
    assert not (tmp_path / "result.png").is_symlink()


def test_temporary_names_cannot_be_foreseen(tmp_path: Path) -> None:
    names: set[str] = set()
    for _ in range(50):
        with atomic_path(tmp_path / "result.png") as temporary:
            names.add(temporary.name)
            temporary.touch()
    assert len(names) == 50
    assert all(re.fullmatch(r"\.result\.[0-9a-f]{12}\.tmp\.png", name) for name in names)


def test_no_module_makes_a_temporary_file_by_a_fixed_name() -> None:
    for path in sorted(ROOT.glob("*/**/*.py")):
        if path.relative_to(ROOT).parts[0] in {"tests", "tools", "build", ".venv", "out"}:
            continue
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"[\"']/(?:tmp|var/tmp|dev/shm)|mktemp\(", text), path


@pytest.mark.parametrize(
    "declaration",
    [
        "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10)),
        '<!ENTITY e9 SYSTEM "file:///etc/passwd">',
    ],
    ids=["expanding", "external"],
)
def test_entities_in_an_ir_are_not_expanded(declaration: str, light_ir: Path, tmp_path: Path) -> None:
    text = (light_ir / "model.xml").read_text(encoding="utf-8")
    head, net, rest = text.partition("<net ")
    evil = f'{head}<!DOCTYPE net [<!ENTITY e0 "lol">{declaration}]>{net}{rest.replace("u2netp", "&e9;")}'
    (tmp_path / "model.xml").write_text(evil, encoding="utf-8")
    (tmp_path / "model.bin").write_bytes((light_ir / "model.bin").read_bytes())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        model = read_model(tmp_path / "model.xml")
    except ModelError:
        return
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
    said = f"{model.get_friendly_name()} {model.get_rt_info(['mattekit', 'provenance']).astype(str)}"
    assert "lollol" not in said
    assert "root:" not in said


@pytest.mark.parametrize("name", ["animated-damaged.png", "damaged.avif", "palette.bin", "mask.bin"])
def test_images_that_once_broke_a_decoder_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATTEKIT_MAX_PIXELS", "4000000")
    # In this process: a decoder that dies takes the test with it.
    for read in (read_image, read_rgb, read_alpha):
        with contextlib.suppress(ImageError):
            assert read(HOSTILE / name) is not None


@pytest.mark.parametrize("name", ["lost-storage.pth", "endless-text.pth", "many-disks.pth"])
def test_checkpoints_that_once_ended_in_a_traceback_are_refused(name: str) -> None:
    pytest.importorskip("torch", reason="reading a checkpoint needs the extra `export`")
    from mattekit.convert.checkpoint import load_state_dict

    with pytest.raises(CheckpointError, match="it is damaged"):
        load_state_dict(HOSTILE / name)


@pytest.mark.parametrize("name", ["no-outputs", "contract-of-bytes", "rt-info-of-another-form", "message-of-bytes"])
def test_irs_that_once_ended_in_a_traceback_are_refused(name: str) -> None:
    with pytest.raises(ModelError, match=f"{name}.xml: "):
        load(HOSTILE / f"{name}.xml")


@pytest.mark.parametrize("name", ["contract-of-bytes", "name-of-bytes", "rank-unknown", "conv-of-one-input"])
def test_onnx_files_that_once_ended_in_a_traceback_are_taken_or_refused(name: str) -> None:
    pytest.importorskip("onnxruntime", reason="ONNX Runtime comes with the extra `export`")
    from mattekit.convert.ir import ir_from_onnx
    from mattekit.infer import OnnxRuntime

    refused = 0

    for read in (load, ir_from_onnx, OnnxRuntime):
        try:
            read(HOSTILE / f"{name}.onnx")
        except MattekitError:
            refused += 1
    assert refused


def changed_record(folder: Path, column: list[object]) -> Path:
    """The record of a validation of three samples, whose values are these."""
    written = json.loads(validate_record([0.9, 0.8, 0.7]).model_dump_json())
    written["table"]["values"]["iou"] = column
    path = folder / "record.json"
    path.write_text(json.dumps(written))
    return path


def test_a_record_with_rows_of_unequal_length_is_refused(tmp_path: Path) -> None:
    assert read_record(changed_record(tmp_path, [0.9, None, 0.7])).kind == "validate"
    with pytest.raises(InputError, match=r"record\.json: .*iou has 2 values for 3 samples"):
        read_record(changed_record(tmp_path, [0.9, 0.8]))


def test_a_record_with_an_integer_beyond_every_number_is_refused(tmp_path: Path) -> None:
    for beyond in (10**400, 10**4000):
        with pytest.raises(InputError, match=r"record\.json: not a mattekit record \(.*number"):
            read_record(changed_record(tmp_path, [0.9, 0.8, beyond]))


@pytest.mark.parametrize("name", ["variants", "executions", "datasets", "measurements"])
def test_a_record_whose_table_is_no_list_is_refused(name: str, tmp_path: Path) -> None:
    written = json.loads(validate_record([0.9]).model_dump_json())
    for strange in (1, None, "text", {"0": {}}):
        (tmp_path / "record.json").write_text(json.dumps({**written, name: strange}))
        with pytest.raises(InputError, match=rf"record\.json: not a mattekit record \(.*{name} is a list"):
            read_record(tmp_path / "record.json")


@pytest.mark.parametrize(("kind", "mend"), [(PeerRecord, "give one of that kind"), (RunRecord, "mattekit run")])
def test_a_record_of_another_kind_is_refused_in_a_sentence(kind: type[Record], mend: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=f"of kind 'validate', not '(peer|run)'; .*{mend}$"):
        read_record(changed_record(tmp_path, [0.9, 0.8, 0.7]), kind)


def test_an_onnx_file_without_outputs_is_told(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="making an ONNX file needs the extra `export`")
    pytest.importorskip("onnxruntime", reason="ONNX Runtime comes with the extra `export`")
    from mattekit.infer import OnnxRuntime

    value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 4, 4])
    graph = onnx.helper.make_graph([], "empty", [value], [])
    path = tmp_path / "empty.onnx"
    path.write_bytes(onnx.helper.make_model(graph, ir_version=9).SerializeToString())
    with pytest.raises(ModelError, match=r"no output|cannot load"):
        OnnxRuntime(path)


@pytest.mark.parametrize(
    "text",
    ["#EXTM3U\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n", "ffconcat version 1.0\nfile /etc/passwd\n"],
    ids=["m3u8", "ffconcat"],
)
def test_a_playlist_is_no_video(text: str, tmp_path: Path) -> None:
    pytest.importorskip("av", reason="videos need the extra `video`")
    from mattekit.infer.video.video_file import VideoFile

    (tmp_path / "clip.mp4").write_text(text)
    with pytest.raises(VideoError, match="can't be opened as a video"):
        VideoFile(str(tmp_path / "clip.mp4"))


@pytest.mark.parametrize("kind", ["Conv", "Pad", "GlobalAveragePool", "GlobalMaxPool", "Max", "Mean", "Min", "Sum"])
def test_an_onnx_node_without_its_inputs_is_refused(kind: str, tmp_path: Path) -> None:
    # OpenVINO's frontend reads the inputs of these without asking how many there are, and dies.
    onnx = pytest.importorskip("onnx", reason="making an ONNX file needs the extra `export`")
    helper = onnx.helper
    value = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 3, 16, 16])
    inner = helper.make_graph([helper.make_node(kind, [], ["y"])], "inner", [], [])
    condition = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
    for node in (helper.make_node(kind, [], ["y"]), condition):
        graph = helper.make_graph([node], "g", [value], [helper.make_tensor_value_info("y", 1, None)])
        onnx.save(helper.make_model(graph), str(tmp_path / "model.onnx"))
        with pytest.raises(ModelError, match=f"a node of type {kind} has 0 of its"):
            read_model(tmp_path / "model.onnx")


def test_a_video_frame_of_679_megapixels_takes_no_memory() -> None:
    pytest.importorskip("av", reason="videos need the extra `video`")
    code = f"""
from pathlib import Path
from mattekit.core.errors import VideoError
from mattekit.infer.video.video_file import VideoFile
try:
    VideoFile({str(HOSTILE / "vp9-679-megapixels.webm")!r})
except VideoError as error:
    (most,) = [row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmHWM")]
    print(most.split()[1], error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[0]) < 400_000
    assert "no frame of it can be decoded" in done.stdout


def test_no_command_tells_anybody_that_it_was_used() -> None:
    code = """
import sys
from mattekit import cli
sys.argv = ["mattekit", "--version"]
try:
    cli.main()
except SystemExit:
    pass
import openvino.tools.ovc
assert sys.modules["openvino_telemetry"] is None
assert openvino.tools.ovc.telemetry_utils.tm.__name__.endswith("telemetry_stub")
"""
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
