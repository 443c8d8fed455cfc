from pathlib import Path

import pytest

from gan_study.runs.processor import processor_kind

TWO_CORES = """\
processor\t: 0
model name\t: AMD EPYC 7B13
flags\t\t: fpu sse2 avx avx2 fma

processor\t: 1
model name\t: AMD EPYC 7B13
flags\t\t: fpu sse2 avx avx2 fma
"""


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (TWO_CORES, "AMD EPYC 7B13 (avx2)"),
        (TWO_CORES.replace("avx2", "avx2 avx512f"), "AMD EPYC 7B13 (avx512f)"),
        ("processor\t: 0\nmodel name\t: Old\nflags\t: fpu\n", "Old"),
    ],
)
def test_a_processor_is_named_with_its_widest_instructions(tmp_path: Path, content: str, kind: str) -> None:
    (tmp_path / "cpuinfo").write_text(content)
    assert processor_kind(tmp_path / "cpuinfo") == kind


def test_a_processor_has_a_name_without_linux(tmp_path: Path) -> None:
    assert processor_kind(tmp_path / "missing") != ""
