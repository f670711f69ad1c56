from pathlib import Path

import pytest

from harness.doctor.machine import (
    Gpu,
    device_finding,
    disk_finding,
    gpus,
    memory_finding,
    read_gpus,
    read_torch_cuda,
    torch_cuda,
)
from harness.store.folder import LEAST_FREE_BYTES

ADA = Gpu("NVIDIA L4", 24.0, 8.9)


def device(found=(), cuda=None, is_hidden=False):
    return device_finding(list(found), cuda, 2, is_hidden=is_hidden)


def test_machine_without_a_gpu_works_on_the_cpu_in_fp32():
    found = device()
    assert (found.state, found.text) == ("ok", "CPU with 2 cores, fp32; no NVIDIA GPU")


def test_gpu_is_named_with_the_number_format_and_cuda():
    found = device([ADA, ADA], cuda="13.0")
    assert found.state == "ok"
    assert found.text == "NVIDIA L4 (24 GB), bf16, CUDA 13.0; the first of 2, and the only one used"


@pytest.mark.parametrize(("capability", "number_format"), [(7.5, "fp16"), (8.0, "bf16"), (9.0, "bf16")])
def test_bf16_is_used_where_it_is_native(capability, number_format):
    assert Gpu("a GPU", 16.0, capability).number_format == number_format


def test_gpu_beside_a_torch_for_the_cpu_is_a_warning():
    found = device([ADA], cuda=None)
    assert found.state == "warning"
    assert "NVIDIA L4 (24 GB) is not used" in found.text


def test_hidden_gpu_is_not_used():
    assert "CUDA_VISIBLE_DEVICES hides" in device([ADA], cuda="13.0", is_hidden=True).text


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Put a program of that name first on the path; returns a function of what it does."""

    def write(script: str):
        path = tmp_path / "nvidia-smi"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return write


def test_devices_are_read_from_nvidia_smi(nvidia_smi):
    nvidia_smi("echo 'NVIDIA L4, 23034, 8.9'; echo 'Tesla T4, 15360, 7.5'")
    # MiB of 2^20 bytes, GB of 10^9
    assert gpus() == [
        Gpu("NVIDIA L4", 23034 * 2**20 / 1e9, 8.9),
        Gpu("Tesla T4", 15360 * 2**20 / 1e9, 7.5),
    ]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'could not talk to the driver' >&2; exit 9", "could not talk to the driver"),
        ("exit 9", "exit code 9"),
        ("echo 'No devices were found'", "it says 'No devices were found'"),
    ],
)
def test_what_nvidia_smi_says_as_it_fails_is_a_warning(nvidia_smi, script, said):
    nvidia_smi(script)
    found = device_finding(gpus(), "13.0", 2, is_hidden=False)
    assert found.state == "warning"
    assert said in found.text and "CPU with 2 cores, fp32" in found.text


def test_no_nvidia_smi_is_no_gpu(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpus() == []


def test_line_that_is_no_device_is_refused():
    with pytest.raises(ValueError):
        read_gpus("NVIDIA L4, [N/A], 8.9\n")


@pytest.mark.parametrize(
    ("line", "cuda"),
    [("cuda: Optional[str] = '13.0'", "13.0"), ("cuda = '12.8'", "12.8"), ("cuda: Optional[str] = None", None)],
)
def test_cuda_of_torch_is_read_from_its_version_file(line, cuda):
    assert read_torch_cuda(f"__version__ = '2.13.0'\n{line}\nhip: Optional[str] = '6.4'\n") == cuda


def test_cuda_of_the_installed_torch_is_what_torch_says():
    import torch

    assert torch_cuda() == torch.version.cuda


@pytest.mark.gpu
def test_device_and_number_format_are_those_that_a_model_gets():
    from harness.engine.resident import compute_dtype, default_device

    assert default_device().type == "cuda"
    assert gpus()[0].number_format == {"bfloat16": "bf16", "float16": "fp16"}[
        str(compute_dtype(default_device())).removeprefix("torch.")
    ]  # fmt: skip


@pytest.mark.parametrize(("available", "state"), [(4.0e9, "ok"), (3.9e9, "warning")])
def test_less_memory_than_the_demo_takes_is_a_warning(available, state):
    assert memory_finding(16_000_000_000, int(available)).state == state


@pytest.mark.parametrize(("free", "state"), [(LEAST_FREE_BYTES, "ok"), (LEAST_FREE_BYTES - 1, "fault")])
def test_disk_on_which_no_run_begins_is_a_fault(tmp_path, free, state):
    assert disk_finding(tmp_path, free, is_writable=True).state == state


def test_folder_that_cannot_be_written_is_a_fault():
    found = disk_finding(Path("/somewhere"), 10**12, is_writable=False)
    assert (found.state, "/somewhere" in found.text, "--out" in found.remedy) == ("fault", True, True)
