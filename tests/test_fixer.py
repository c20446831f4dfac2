"""`--fix`, `--unsafe-fixes` and `--diff`, through the front door; files are written whole or not at all."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from linter import fixer
from linter.checks import unused_selection
from linter.checks.base import RuleContext
from linter.finding import AddExclusion, AnchorExclusion, Finding, Intent
from tests.conftest import ROOT, Run
from tests.rules import EVERY, sigma

UNUSED = sigma(condition="selection").replace(
    "  condition:", "  filter_main_agent:\n    ParentImage: 'C:\\Agent\\a.exe'\n  condition:"
)
MOVED = sigma(technique="t1562.001")
BOTH = UNUSED.replace("t1105", "t1562.001")
EXCLUSION = AddExclusion("ParentImage", "endswith", "\\agent.exe")


@pytest.fixture
def suggesting(monkeypatch: pytest.MonkeyPatch):
    """Makes a check suggest an intent until the rule's text holds a word."""

    def use(intent: Intent, until: str, again: tuple[str, ...] = ()) -> None:
        def check(context: RuleContext) -> Iterator[Finding]:
            if until not in context.source.text:
                yield context.finding((0, 5), "Consider it.", subject=("x",), intent=intent)
            for word in again:
                if until in context.source.text:
                    yield context.finding((0, 5), "Something else.", subject=(word,))

        monkeypatch.setattr(unused_selection, "check", check)

    return use


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.yml").write_bytes(text.encode())


def test_safe_fixes_are_made_and_a_second_run_finds_nothing(siftlint: Run, here: Path) -> None:
    write(here, a=BOTH, b=MOVED.replace("0001", "0002"), c=sigma(3))
    status, out, err = siftlint("lint", "--fix")
    assert (status, "3 fixes in 2 files" in err) == (0, True), (out, err)
    assert "nothing to say" in out
    assert (here / "a.yml").read_text(encoding="utf-8") == MOVED.replace("t1562.001", "t1685")
    before = {path: path.read_bytes() for path in here.glob("*.yml")}
    status, out, err = siftlint("lint", "--fix")
    assert (status, err) == (0, "")
    assert before == {path: path.read_bytes() for path in here.glob("*.yml")}


def test_diff_prints_a_patch_and_writes_nothing(siftlint: Run, here: Path) -> None:
    write(here, a=BOTH)
    status, out, err = siftlint("lint", "--diff", "a.yml")
    assert status == 1
    assert (here / "a.yml").read_text(encoding="utf-8") == BOTH
    assert out.startswith("--- a.yml\n+++ a.yml\n@@ ")
    assert "-  - attack.t1562.001\n+  - attack.t1685\n" in out
    assert "2 fixes in 1 file, not made (--diff)" in err
    done = subprocess.run(["patch", "-p0"], input=out, cwd=here, capture_output=True, text=True, check=False)
    if done.returncode == 127:
        pytest.skip("needs patch")
    assert (here / "a.yml").read_text(encoding="utf-8") == MOVED.replace("t1562.001", "t1685")


def test_what_changes_the_detection_needs_unsafe_fixes(siftlint: Run, here: Path, suggesting) -> None:
    suggesting(EXCLUSION, "agent.exe")
    write(here, a=sigma())
    _, out, err = siftlint("lint", "--fix")
    assert (here / "a.yml").read_text(encoding="utf-8") == sigma()
    assert "1 fix more with --unsafe-fixes" in err
    assert "fix (unsafe): add `filter_main_agent`" in out
    status, _, err = siftlint("lint", "--unsafe-fixes")
    assert (status, "1 fix in 1 file" in err) == (0, True)
    assert "not 1 of filter_main_*" in (here / "a.yml").read_text(encoding="utf-8")
    after = (here / "a.yml").read_bytes()
    siftlint("lint", "--unsafe-fixes")
    assert (here / "a.yml").read_bytes() == after


def test_what_is_for_display_is_only_shown(siftlint: Run, here: Path, suggesting) -> None:
    suggesting(AnchorExclusion("startswith", "C:\\Program Files\\", 0, 1), "never")
    write(here, a=sigma())
    _, out, _ = siftlint("lint", "--unsafe-fixes")
    assert (here / "a.yml").read_text(encoding="utf-8") == sigma()
    assert "fix (display): write `|startswith:" in out


def test_a_fix_that_brings_another_finding_is_not_made(siftlint: Run, here: Path, suggesting) -> None:
    suggesting(EXCLUSION, "agent.exe", again=("y",))
    write(here, a=sigma())
    _, out, _ = siftlint("lint", "--unsafe-fixes")
    assert (here / "a.yml").read_text(encoding="utf-8") == sigma()
    assert "another finding" in " ".join(out.split())


def test_a_fix_after_which_the_finding_stays_is_not_made(siftlint: Run, here: Path, suggesting) -> None:
    suggesting(EXCLUSION, "never")
    write(here, a=sigma())
    _, out, _ = siftlint("lint", "--unsafe-fixes")
    assert (here / "a.yml").read_text(encoding="utf-8") == sigma()
    assert "would still be there" in " ".join(out.split())


def test_a_refusal_says_why_and_what_to_type(siftlint: Run, here: Path, suggesting) -> None:
    suggesting(EXCLUSION, "agent.exe")
    text = sigma(condition="selection | count() > 3")
    write(here, a=text)
    _, out, _ = siftlint("lint", "--unsafe-fixes", "--ignore", "faulty-metadata")
    assert (here / "a.yml").read_text(encoding="utf-8") == text
    said = " ".join(out.split())
    assert "by hand: `ParentImage|endswith: '\\agent.exe'` (the condition has an aggregation)" in said


def test_suppressed_and_baselined_findings_are_left_alone(siftlint: Run, here: Path) -> None:
    silenced = UNUSED.replace("  filter_main_agent:", "  filter_main_agent:  # siftlint: ignore[unused-selection] kept")
    write(here, a=silenced, b=BOTH.replace("0001", "0002"))
    siftlint("lint", "--write-baseline", "known.json", "--select", "unused-selection")
    status, _, err = siftlint("lint", "--fix", "--baseline", "known.json")
    assert (here / "a.yml").read_text(encoding="utf-8") == silenced
    assert (here / "b.yml").read_text(encoding="utf-8") == BOTH.replace("0001", "0002").replace("t1562.001", "t1685")
    assert (status, "1 fix in 1 file" in err) == (0, True)


def test_the_report_is_that_of_the_fixed_files(siftlint: Run, here: Path) -> None:
    write(here, a=BOTH.replace("status: test\n", "status: nonsense\n"), b=BOTH)
    _, out, _ = siftlint("lint", "--fix", "--format", "json", "--fail-on", "never")
    found = json.loads(out)
    assert {finding["check"] for finding in found["findings"]} == {"faulty-metadata", "duplicate-id"}
    assert found["summary"]["findings"] == len(found["findings"])
    assert {tuple(rule["techniques"]) for rule in found["rules"]} == {("T1685",)}


def test_formats_carry_fixes(siftlint: Run, here: Path) -> None:
    write(here, a=BOTH)
    _, out, _ = siftlint("lint", "--format", "json")
    fixes = {one["check"]: one["fixes"] for one in json.loads(out)["findings"]}
    assert [fix["applicability"] for check in ("unused-selection", "unknown-technique") for fix in fixes[check]] == [
        "safe",
        "safe",
    ]
    assert fixes["unknown-technique"][0]["edits"] == [
        {"start": {"line": 5, "column": 12}, "end": {"line": 5, "column": 21}, "text": "t1685"}
    ]


# files


def test_mode_line_ends_and_byte_order_mark_stay(siftlint: Run, here: Path) -> None:
    path = here / "a.yml"
    path.write_bytes(b"\xef\xbb\xbf" + BOTH.replace("\n", "\r\n").encode())
    path.chmod(0o640)
    siftlint("lint", "--fix")
    assert path.read_bytes() == b"\xef\xbb\xbf" + MOVED.replace("t1562.001", "t1685").replace("\n", "\r\n").encode()
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_link_stays_a_link(siftlint: Run, here: Path) -> None:
    (here / "real").mkdir()
    (here / "real" / "a.yml").write_text(BOTH, encoding="utf-8")
    (here / "a.yml").symlink_to("real/a.yml")
    siftlint("lint", "--fix", "a.yml")
    assert (here / "a.yml").is_symlink()
    assert "t1685" in (here / "real" / "a.yml").read_text(encoding="utf-8")


def test_a_file_that_changed_meanwhile_is_left_alone(siftlint: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here, a=BOTH)
    real = fixer._File.write

    def late(self: fixer._File) -> str:
        (here / "a.yml").write_text("title: mine\n", encoding="utf-8")
        return real(self)

    monkeypatch.setattr(fixer._File, "write", late)
    status, out, err = siftlint("lint", "--fix")
    assert (here / "a.yml").read_text(encoding="utf-8") == "title: mine\n"
    assert (status, "changed meanwhile" in err) == (1, True)
    assert "unused-selection" in out


def test_a_folder_that_cannot_be_written_to(siftlint: Run, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here, a=BOTH)

    def full(path: str, content: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fixer, "write_whole", full)
    status, out, err = siftlint("lint", "--fix")
    assert (status, "No space left" in err, "unused-selection" in out) == (1, True, True)
    assert sorted(path.name for path in here.iterdir() if path.name[0] != ".") == ["a.yml"]


@pytest.mark.skipif(os.name == "nt", reason="kill -9")
def test_a_killed_run_leaves_old_or_new(here: Path) -> None:
    count = 60
    old = {f"r{number}.yml": BOTH.replace("0001", f"{number:04}") for number in range(count)}
    wanted = {name: text.replace("t1562.001", "t1685") for name, text in old.items()}
    wanted = {
        name: text.replace("  filter_main_agent:\n    ParentImage: 'C:\\Agent\\a.exe'\n", "") for name, text in wanted.items()
    }
    for name, text in old.items():
        (here / name).write_bytes(text.encode())
    seen = set()
    for delay in (0.35, 0.45, 0.6):
        process = subprocess.Popen(
            [sys.executable, "-m", "linter", "lint", "--fix", "."],
            cwd=here, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        started = time.monotonic()
        while time.monotonic() - started < 10 and not any(
            (here / name).read_bytes() == wanted[name].encode() for name in list(old)[:1]
        ):
            time.sleep(0.01)
        time.sleep(delay - 0.35)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for name in old:
            now = (here / name).read_bytes()
            assert now in (old[name].encode(), wanted[name].encode()), name
            seen.add(now == wanted[name].encode())
        for name, text in old.items():
            (here / name).write_bytes(text.encode())
    assert True in seen


@pytest.mark.parametrize("name", sorted(EVERY))
def test_rules_without_findings_stay(siftlint: Run, here: Path, name: str) -> None:
    (here / name).write_bytes(EVERY[name].encode())
    siftlint("lint", "--fix", "--unsafe-fixes", "--select", "unused-selection,unknown-technique", name)
    assert (here / name).read_bytes() == EVERY[name].encode()


@pytest.mark.parametrize(
    ("name", "applied"),
    [("splunk.yml", True), ("kusto.yaml", True), ("rule.yaral", True), ("elastic.toml", False)],
)
def test_techniques_of_other_dialects(siftlint: Run, here: Path, name: str, applied: bool) -> None:
    text = EVERY[name].replace("T1105", "T1562.001")
    (here / name).write_bytes(text.encode())
    _, out, _ = siftlint("lint", "--fix", "--select", "unknown-technique", name)
    now = (here / name).read_text(encoding="utf-8")
    assert now == (text.replace("T1562.001", "T1685") if applied else text)
    assert applied or "fix (display): replace T1562.001 by T1685" in out
