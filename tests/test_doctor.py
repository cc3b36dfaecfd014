"""The doctor: what it reads of containers and machines, what it calls broken, and what it advises."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from mattekit.cli import app
from mattekit.core import Condition, Limits, Need, needs
from mattekit.infer import Diagnosis, diagnose, this_machine
from mattekit.infer.devices import describe_devices, hidden_hardware
from mattekit.infer.diagnosis import examine, how_to_install
from typer.testing import CliRunner


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_a_diagnosis_is_a_table_of_its_findings() -> None:
    found = diagnose()
    frame = found.to_frame()
    assert list(frame.columns) == ["level", "text"]
    assert frame["text"].tolist() == [finding.text for finding in found.findings]


def test_limits_of_a_container_of_version_2(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/kubepods/pod1/box\n",
            "sys/fs/cgroup/cgroup.controllers": "cpu memory pids\n",
            "sys/fs/cgroup/kubepods/pod1/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/kubepods/pod1/memory.max": "1073741824\n",
            "sys/fs/cgroup/kubepods/pod1/box/cpu.max": "max 100000\n",
            "sys/fs/cgroup/kubepods/pod1/box/cpu.stat": "usage_usec 5\nnr_periods 200\nnr_throttled 50\n",
            "sys/fs/cgroup/kubepods/pod1/box/memory.max": "max\n",
            "sys/fs/cgroup/kubepods/pod1/box/pids.max": "64\n",
        },
    )
    found = Limits.current(root)
    # The limits of the groups around hold too.
    assert (found.cgroup, found.quota, found.memory_bytes, found.processes) == (2, 1.5, 1 << 30, 64)
    assert found.throttled == 0.25
    assert found.usable == min(1.5, found.affinity)


def test_limits_of_a_container_of_version_1_whose_group_it_cannot_see(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        {
            "proc/self/cgroup": "3:pids:/docker/ab\n2:cpu,cpuacct:/docker/ab\n1:memory:/docker/ab\n0::/docker/ab\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        },
    )
    found = Limits.current(root)
    assert (found.cgroup, found.quota, found.memory_bytes, found.processes) == (1, 0.5, None, None)


def test_without_groups_there_are_no_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    found = Limits.current(tmp_path)
    assert (found.cgroup, found.quota, found.memory_bytes) == (None, None, None)
    assert found.processors == os.cpu_count()
    assert found.usable == found.affinity
    assert found.threads_env["OMP_NUM_THREADS"] == "3"


def test_the_condition_of_a_hot_laptop(tmp_path: Path) -> None:
    cpu = "sys/devices/system/cpu"
    root = write(
        tmp_path,
        {
            f"{cpu}/cpu0/cpufreq/scaling_governor": "powersave\n",
            f"{cpu}/cpu0/cpufreq/scaling_cur_freq": "800000\n",
            f"{cpu}/cpu0/cpufreq/scaling_max_freq": "3200000\n",
            f"{cpu}/cpu0/thermal_throttle/core_throttle_count": "7\n",
            "sys/class/thermal/thermal_zone0/temp": "95000\n",
            "sys/class/thermal/thermal_zone0/type": "x86_pkg_temp\n",
            "sys/class/thermal/thermal_zone1/temp": "-274000\n",
            "sys/class/power_supply/AC/online": "0\n",
            "proc/stat": "cpu  50 0 0 45 0 0 0 5 0 0\n",
            "proc/meminfo": "MemTotal: 100 kB\nMemAvailable: 64 kB\n",
        },
    )
    found = Condition.current(root)
    assert (found.governors, found.frequency, found.throttle_events) == (("powersave",), 0.25, 7)
    assert found.temperatures == {"x86_pkg_temp (thermal_zone0)": 95.0}
    assert (found.on_battery, found.stolen, found.memory_available_bytes) == (True, 0.05, 64 * 1024)
    texts = " ".join(each.text for each in examine(healthy(condition=found)) if each.level == "warning")
    for word in ("battery", "powersave", "95 °C", "7 times", "5.0%", "GiB of memory"):
        assert word in texts


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    found = Condition.current(tmp_path)
    assert (found.stolen, found.frequency, found.throttle_events, found.on_battery) == (None, None, None, None)
    assert hidden_hardware(tmp_path) == {}


def healthy(**changes: object) -> Diagnosis:
    """A machine without fault, and what differs from it."""
    (cpu,) = (device for device in describe_devices() if device.name == "CPU")
    base = Diagnosis(
        machine=this_machine().model_copy(update={"cpu_features": ("avx512_vnni",)}),
        limits=Limits(processors=4, affinity=4),
        condition=Condition(),
        devices=(cpu, cpu.model_copy(update={"name": "GPU.0"}), cpu.model_copy(update={"name": "NPU"})),
        hardware={},
        needs=(Need(package="numpy", extra="", wanted=">=2.0", installed="2.1"),),
        extras={},
        failures={},
    )
    return base.model_copy(update=changes)


def levels(found: Diagnosis, word: str) -> set[str]:
    return {finding.level for finding in examine(found, "Linux") if word in finding.text}


def test_what_is_well_is_not_talked_about() -> None:
    assert examine(healthy(), "Linux") == []


def test_what_keeps_mattekit_from_working_is_broken() -> None:
    (cpu, *_) = healthy().devices
    old = Need(package="numpy", extra="", wanted=">=2.0", installed="1.26.4")
    absent = Need(package="pooch", extra="", wanted=">=1.8.2", installed=None)
    assert levels(healthy(needs=(old, absent)), "pip install --upgrade mattekit") == {"broken"}
    assert levels(healthy(devices=()), "no CPU device") == {"broken"}
    assert levels(healthy(devices=(cpu.model_copy(update={"error": "2 times 3 gave 7"}),)), "gave 7") == {"broken"}
    assert levels(healthy(failures={"OpenVINO": "libtbb.so.12 is missing"}, devices=()), "libtbb") == {"broken"}
    broken = healthy(failures={"OpenCV": "libGL"})
    assert broken.model_copy(update={"findings": tuple(examine(broken))}).exit_code == 1
    assert healthy(condition=Condition(load=9)).exit_code == 0


def test_what_disturbs_measurements_is_warned_of() -> None:
    cramped = Limits(processors=8, affinity=8, quota=1.5, throttled=0.2, memory_bytes=1 << 29)
    found = [finding.text for finding in examine(healthy(limits=cramped)) if finding.level == "warning"]
    assert any("--threads 1" in text for text in found)
    assert any("20%" in text for text in found)
    assert any("0.5 GiB" in text for text in found)
    assert levels(healthy(condition=Condition(load=2.5)), "2.5 processes") == {"warning"}
    assert levels(healthy(condition=Condition(load=1.5)), "processes") == set()
    fewer = Limits(processors=4, affinity=4, threads_env={"OMP_NUM_THREADS": "1"})
    assert levels(healthy(limits=fewer), "OMP_NUM_THREADS=1") == {"warning"}


def test_what_is_missing_comes_with_how_to_get_it() -> None:
    (cpu, *_) = healthy().devices
    bare = healthy(devices=(cpu,), extras={"export": False, "quantize": True})
    assert levels(bare, "pip install 'mattekit[export]'") == {"note"}
    assert levels(bare, "quantize") == set()
    assert levels(bare, "intel-opencl-icd") == {"note"}
    assert levels(bare, "intel-level-zero-npu") == {"note"}
    half = Need(package="torch", extra="export", wanted=">=2.10", installed="2.1.0")
    assert levels(healthy(needs=(half,)), "torch is 2.1.0") == {"warning"}


def test_advice_for_a_device_is_that_of_the_system() -> None:
    assert "--device /dev/dri" in how_to_install("GPU", "Linux", {"GPU": False})
    assert "--device" not in how_to_install("GPU", "Linux", {"GPU": True})
    assert "Windows Update" in how_to_install("NPU", "Windows", {})
    assert "apt" not in how_to_install("NPU", "Darwin", {})


def test_an_instruction_set_without_int8_is_noted() -> None:
    plain = this_machine().model_copy(update={"cpu_features": ("avx2",)})
    assert levels(healthy(machine=plain), "VNNI") == {"note"}
    # A system that tells no instructions is not blamed for lacking them.
    assert levels(healthy(machine=plain.model_copy(update={"cpu_features": ()})), "VNNI") == set()


def test_the_packages_are_those_of_the_metadata() -> None:
    found = needs()
    assert {"numpy", "openvino", "pydantic"} <= {need.package for need in found if need.extra == ""}
    assert all(need.met for need in found if need.extra == "")
    assert {need.extra for need in found}.isdisjoint({"dev", "all"})
    assert not Need(package="x", extra="", wanted=">=2", installed="1.9").met


def test_the_command_says_the_same_to_people_and_to_programs() -> None:
    told = CliRunner().invoke(app, ["doctor", "--json"])
    found = Diagnosis.model_validate_json(told.output)
    assert told.exit_code == found.exit_code == 0
    assert json.loads(told.output)["devices"][0]["error"] is None
    shown = CliRunner().invoke(app, ["doctor"])
    assert shown.exit_code == 0
    for device in found.devices:
        assert device.full_name in shown.output
    assert "nothing is broken" in shown.output
    assert diagnose().limits.processors == os.cpu_count()
