"""The command line: what it takes, what it prints, its exit status."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.rules import EVERY, NOISY, sigma


def put(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")


def test_every_dialect_is_read(here: Path, siftlint: Run) -> None:
    put(here / "rules", EVERY)
    done = siftlint("lint", "--select", "unreadable-rule", "--select", "unknown-technique")
    assert (done.status, done.err) == (0, "")
    assert done.out == "5 rules in 5 files: nothing to say\n"


def test_exit_status_follows_severity(here: Path, siftlint: Run) -> None:
    put(here, {"a.yml": sigma(technique="t1562.001"), "b.yml": sigma(2)})
    moved = ("lint", "--select", "unknown-technique")
    assert siftlint(*moved).status == 0
    assert siftlint(*moved, "--fail-on", "advice").status == 1
    put(here, {"b.yml": sigma(2, technique="t1100")})
    assert siftlint(*moved).status == 1
    assert siftlint(*moved, "--fail-on", "error").status == 0
    put(here, {"c.yml": sigma(3, technique="t9999")})
    assert siftlint(*moved, "--fail-on", "error").status == 1
    assert siftlint(*moved, "--fail-on", "never").status == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "COMMAND"),
        (("lnt",), "invalid choice: 'lnt'"),
        (("lint", "--fromat", "json"), "--fromat"),
        (("lint", "--format", "xml"), "invalid choice: 'xml'"),
        (("lint", "--select", "noisy-brunch"), "did you mean `noisy-branch`?"),
        (("lint", "--ignore", "unknown-technique,nonsense"), "no check is called `nonsense`"),
        (("lint", "--jobs", "-1"), "-1"),
        (("lint", "--jobs", "many"), "is not a number"),
        (("lint", "--snapshot", "nowhere"), "no catalog snapshot at nowhere"),
        (("lint", "--baseline", "nowhere.json"), "nowhere.json"),
        (("explain", "unknown-tecnique"), "did you mean `unknown-technique`?"),
        (("why", "rule.yml"), "is not PATH:LINE"),
        (("parse",), "PATH"),
        (("catalog", "show", "nonsense"), "nonsense"),
        (("catalog", "build", "--corpus", "x=y", "--output", "z"), "x"),
    ],
)
def test_wrong_usage_is_one_clear_line(here: Path, siftlint: Run, args: tuple[str, ...], said: str) -> None:
    put(here, {"a.yml": sigma()})
    done = siftlint(*args)
    assert done.status == 2
    assert said in done.err
    assert len(done.err.splitlines()) <= 2
    assert "Traceback" not in done.err


def test_wrong_configuration_is_one_clear_line(here: Path, siftlint: Run) -> None:
    put(here, {"a.yml": sigma(), "siftlint.toml": 'fail_on = "error"\n'})
    done = siftlint("lint")
    assert done.status == 2
    assert done.err == "siftlint: siftlint.toml: unknown key `fail_on`; did you mean `fail-on`?\n"


def test_a_path_that_does_not_exist(here: Path, siftlint: Run) -> None:
    put(here, {"a.yml": sigma(technique="t9999")})
    done = siftlint("lint", "a.yml", "nowhere.yml")
    assert done.status == 2
    assert "nowhere.yml:1:1 error[unreadable-rule]\n  no such file or folder" in done.out
    assert "T9999" in done.out


def test_a_folder_without_rules(here: Path, siftlint: Run) -> None:
    put(here, {"x/notes.txt": "nothing", "x/values.yml": "a: 1\n"})
    done = siftlint("lint", "x")
    assert (done.status, done.err) == (0, "siftlint: no rules in x\n")


def test_a_named_file_that_is_no_rule(here: Path, siftlint: Run) -> None:
    put(here, {"values.yml": "a: 1\n", "a.yml": sigma()})
    done = siftlint("lint", "values.yml", "a.yml", "--select", "unknown-technique")
    assert (done.status, done.err) == (0, "siftlint: values.yml: no rule of a dialect that siftlint knows\n")
    assert siftlint("lint", "-q", "values.yml", "a.yml", "--select", "unknown-technique") == (0, "", "")


BAD = {
    "broken.yml": "title: x\nlogsource: {category: a}\ndetection:\n  sel: [1\n",
    "tabs.yml": "title: x\nlogsource:\n\tcategory: a\ndetection:\n\tsel: 1\n",
    "types.yml": "title: [1]\nid: {a: 1}\nlogsource: 7\ndetection: text\ntags: 1\nlevel: []\n",
    "empty.yml": "",
    "long.yml": "title: x\nlogsource: {category: a}\ndetection:\n  sel: " + "'" + "a" * 1_000_000 + "\n",
    "bom.yml": "\ufeff" + sigma(7),
    "crlf.yml": sigma(8).replace("\n", "\r\n"),
}


def test_bad_input_is_a_clear_line_and_the_rest_is_linted(here: Path, siftlint: Run) -> None:
    put(here, BAD | {"good.yml": sigma(9, technique="t9999")})
    (here / "latin.yml").write_bytes(sigma(6, title="caf\xe9").encode("latin-1"))
    done = siftlint("lint", "--format", "json", "--select", "unreadable-rule,unknown-technique")
    assert done.status == 1
    found = {(one["path"], one["check"]): one for one in json.loads(done.out)["findings"]}
    unreadable = {path for path, check in found if check == "unreadable-rule"}
    assert unreadable == {"broken.yml", "tabs.yml", "types.yml", "long.yml", "latin.yml"}
    assert ("good.yml", "unknown-technique") in found
    assert found["latin.yml", "unreadable-rule"]["start"]["line"] == 1
    assert "UTF-8" in found["latin.yml", "unreadable-rule"]["message"]
    assert "internal" not in done.err


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file(here: Path, siftlint: Run) -> None:
    put(here, {"a.yml": sigma(), "b.yml": sigma(2)})
    (here / "b.yml").chmod(0)
    done = siftlint("lint")
    assert done.status == 1
    assert "b.yml:1:1 error[unreadable-rule]\n  no permission to read it" in done.out


def test_no_traceback_on_a_fault_of_our_own(here: Path, siftlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from linter.checks import unknown_technique

    put(here, {"a.yml": sigma(), "b.yml": sigma(2, technique="t9999")})
    real = unknown_technique.check
    monkeypatch.delenv("SIFTLINT_DEBUG", raising=False)
    monkeypatch.setattr(unknown_technique, "check", lambda context: 1 / 0 if context.rule.path == "a.yml" else real(context))
    done = siftlint("lint", "--select", "unknown-technique")
    assert done.status == 3
    assert "siftlint: a.yml: ZeroDivisionError: division by zero" in done.err
    assert "please report it" in done.err
    assert "Traceback" not in done.err
    assert "T9999" in done.out
    monkeypatch.setenv("SIFTLINT_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        siftlint("lint", "--select", "unknown-technique")


def test_a_catalog_that_cannot_be_used(here: Path, siftlint: Run) -> None:
    put(here, {"a.yml": NOISY, "snap/manifest.json": "{}"})
    done = siftlint("lint", "--snapshot", "snap")
    assert done.status == 3
    assert "manifest" in done.err
    assert "Traceback" not in done.err


# which checks, how loud, for whom


def test_select_ignore_persona_severity(here: Path, siftlint: Run) -> None:
    put(here, {"a.yml": sigma(technique="execution"), "siftlint.toml": 'ignore = ["unused-selection"]\n'})

    def checks(*args: str) -> set[str]:
        done = siftlint("lint", "--format", "json", *args)
        return {one["check"] + ":" + one["severity"] for one in json.loads(done.out)["findings"]}

    assert "missing-technique:advice" not in checks()
    assert checks("--persona", "pedantic", "--select", "missing-technique") == {"missing-technique:advice"}
    assert checks("--persona", "pedantic", "--select", "missing-technique", "--ignore", "missing-technique") == set()
    put(here, {"siftlint.toml": 'persona = "pedantic"\n[severity]\nmissing-technique = "error"\n'})
    assert checks("--select", "missing-technique") == {"missing-technique:error"}


def test_per_path(here: Path, siftlint: Run) -> None:
    put(here, {"hunting/a.yml": sigma(technique="t9999"), "b.yml": sigma(2, technique="t9999")})
    put(here, {"siftlint.toml": '[[per-path]]\npaths = ["hunting/**"]\nignore = ["unknown-technique"]\n'})
    out = siftlint("lint", "--select", "unknown-technique").out
    assert "b.yml:" in out
    assert "hunting" not in out


def test_excluded_even_when_named(here: Path, siftlint: Run) -> None:
    put(here, {"draft/a.yml": sigma(technique="t9999"), "siftlint.toml": 'exclude = ["draft/"]\n'})
    assert siftlint("lint", "draft/a.yml").status == 0


# suppression


def counts(out: str) -> dict[str, int]:
    return json.loads(out)["summary"]


def test_the_summary_adds_up(here: Path, siftlint: Run) -> None:
    put(
        here,
        {
            "a.yml": sigma(1, technique="t9991"),
            "b.yml": sigma(2, technique="t9992").replace("t9992", "t9992  # siftlint: ignore[unknown-technique] ours"),
            "c.yml": sigma(3, technique="t9993"),
            "d.yml": sigma(4, technique="t9994"),
            "siftlint.toml": f'[[ignores]]\nrule = "{sigma(3).split("id: ")[1][:36]}"\nvalue = "t9993"\nreason = "ours"\n',
        },
    )
    assert siftlint("lint", "d.yml", "--write-baseline", "base.json").status == 0
    done = siftlint("lint", "--baseline", "base.json", "--format", "json")
    assert counts(done.out) == {
        "files": 4, "rules": 4, "findings": 1, "suppressed": 2, "baselined": 1, "unreadable": 0,
    }  # fmt: skip
    text = siftlint("lint", "--baseline", "base.json")
    assert "4 raised = 1 shown + 2 suppressed + 1 in the baseline" in text.out
    assert text.status == 1


def test_comments_of_every_language_silence(here: Path, siftlint: Run) -> None:
    said = "siftlint: ignore[unknown-technique] ours"
    put(
        here,
        {
            "sigma.yml": sigma(1, technique="t9999").replace("t9999", f"t9999  # {said}"),
            "above.toml": EVERY["elastic.toml"].replace('id = "T1105"', f'# {said}\nid = "T9999"'),
            "head.yml": f"# {said}\n" + EVERY["splunk.yml"].replace("[T1105]", "[T9999]"),
            "kusto.yaml": EVERY["kusto.yaml"].replace("[T1105]", f"[T9999] # {said}"),
            "bare.kql": f'// {said}\n// Technique: T9999\nDeviceProcessEvents\n| where FileName =~ "a.exe"\n',
            "rule.yaral": EVERY["rule.yaral"].replace('"T1105"', f'"T9999" // {said}'),
            "block.yaral": EVERY["rule.yaral"].replace('"T1105"', f'"T9999" /* {said} */').replace("by_certutil", "2"),
        },
    )
    done = siftlint("lint", "--format", "json", "--select", "unknown-technique")
    assert (done.status, done.err) == (0, "")
    assert counts(done.out)["suppressed"] == 7
    assert "sigma.yml:5:12 unknown-technique: ignored in the rule: ours" in siftlint("lint", "-v").out


def test_comments_inside_queries_silence(here: Path, siftlint: Run) -> None:
    said = "siftlint: ignore[noisy-branch] a kiosk"
    quiet = {
        "elastic.toml": EVERY["elastic.toml"].replace(' and process.args : "*urlcache*"', f" // {said}"),
        "splunk.yml": EVERY["splunk.yml"]
        .replace("'| tstats", "|-\n  | tstats")
        .replace("\n  Processes.process=*urlcache*", f" ```{said}```\n ")
        .replace("_filter`'", "_filter`"),
        "kusto.yaml": EVERY["kusto.yaml"].replace(' and ProcessCommandLine has "urlcache"', f" // {said}"),
    }
    put(here, {name: text.replace("certutil", "cmd") for name, text in quiet.items()})
    done = siftlint("lint", "--format", "json", "--select", "noisy-branch", "--persona", "auditor")
    assert counts(done.out)["unreadable"] == counts(done.out)["findings"] == 0
    if not counts(done.out)["suppressed"]:
        pytest.skip("needs the shipped snapshot, which is not built here")
    assert counts(done.out)["suppressed"] == 3


def test_an_ignore_comment_of_no_check_is_said(here: Path, siftlint: Run) -> None:
    put(here, {"a.yml": sigma().replace("status: test", "status: test # siftlint: ignore[nosy-branch, *]")})
    assert siftlint("lint").err == "siftlint: a.yml:3: the ignore comment names `nosy-branch`, which is no check\n"


def test_write_baseline_keeps_what_is_known(here: Path, siftlint: Run) -> None:
    put(here, {"a.yml": sigma(1, technique="t9991")})
    siftlint("lint", "--write-baseline", "base.json")
    put(here, {"b.yml": sigma(2, technique="t9992")})
    done = siftlint("lint", "--baseline", "base.json", "--write-baseline", "base.json")
    assert "2 findings written" in done.err
    assert siftlint("lint", "--baseline", "base.json").status == 0


def test_an_ignore_that_matches_nothing_is_said(here: Path, siftlint: Run) -> None:
    put(here, {"a.yml": sigma(), "siftlint.toml": '[[ignores]]\nrule = "gone"\nreason = "x"\n'})
    done = siftlint("lint")
    assert "siftlint.toml: the ignore for rule gone names a rule that is not here" in done.err
    assert "ignore" not in siftlint("lint", "a.yml").err


def test_quiet_kinds_of_rules(here: Path, siftlint: Run) -> None:
    def found(text: str, *lines: str) -> bool:
        put(here, {"a.yml": text, "siftlint.toml": "\n".join(lines)})
        return "noisy-branch" in siftlint("lint", "--select", "noisy-branch").out

    if not found(NOISY):
        pytest.skip("needs the shipped snapshot, which is not built here")
    low = NOISY.replace("level: high", "level: low")
    assert not found(low)
    assert found(low, "quiet-for = []")
    assert not found(NOISY + "status: deprecated\n")
    assert not found(NOISY.replace("[attack", "[detection.threat-hunting, attack"))


# the other commands


def test_checks_and_explain(siftlint: Run) -> None:
    listed = siftlint("checks")
    assert listed.status == 0
    assert all(len(line) <= 96 for line in listed.out.splitlines())
    for row in json.loads(siftlint("checks", "--format", "json").out)["checks"]:
        page = siftlint("explain", row["id"])
        assert page.status == 0
        assert page.out.startswith(row["id"] + "\n")
        assert "How it is counted" in page.out
        assert "Found:" in page.out
        assert row["summary"] in " ".join(listed.out.split())


def test_why(here: Path, siftlint: Run) -> None:
    put(here, {"a.yml": sigma(technique="t9999")})
    done = siftlint("why", "a.yml:5")
    assert done.status == 0
    assert "unknown-technique a.yml:5:12" in done.out
    assert "No finding on line 2 of a.yml; there are some on 5" in siftlint("why", "a.yml:2").out


def test_jobs_give_the_same_output(here: Path, siftlint: Run) -> None:
    put(here, {f"r{number}.yml": sigma(number, technique=f"t9{number:03d}") for number in range(40)})
    one, two = (siftlint("lint", "--format", "json", "--jobs", jobs) for jobs in ("1", "2"))
    assert one == two
    assert one.status == 1


def test_version(siftlint: Run) -> None:
    from linter import __version__

    assert siftlint("--version").out == f"siftlint {__version__}\n"


def test_a_reader_that_stops_reading_is_no_fault(here: Path, command: Run) -> None:
    import subprocess
    import sys

    put(here, {f"r{number}.yml": sigma(number, technique="t9999") for number in range(200)})
    process = subprocess.Popen(
        [sys.executable, "-m", "linter", "lint"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    process.wait(60)


# contract: what is left when nothing is wrong with the input


def test_why_names_all_rules_that_were_considered(here: Path, siftlint: Run) -> None:
    put(here, {"noisy.yml": NOISY})
    found = json.loads(siftlint("lint", "--format", "json", "--select", "noisy-branch").out)["findings"]
    if not found:
        pytest.skip("needs the shipped snapshot, which is not built here")
    (finding,) = found
    done = siftlint("why", f"noisy.yml:{finding['start']['line']}")
    assert done.status == 0
    considered, here_ = (finding["evidence"][key] for key in ("rules_considered", "rules_here"))
    assert f"{considered:,} rules considered" in done.out
    assert f"{here_:,} that combine it with something else" in done.out
    rules = [
        line for line in done.out.splitlines() if line.startswith(("  sigma ", "  elastic", "  splunk", "  kusto", "  yaral"))
    ]
    links = [line for line in done.out.splitlines() if line.strip().startswith("https://")]
    assert len(rules) == len(links) == considered
    assert all(rule["url"] in done.out for rule in finding["evidence"]["rules"])


@pytest.mark.parametrize(("place", "said"), [("nowhere.yml:1", "no such file: nowhere.yml"), (".:1", ". is a folder")])
def test_why_wants_a_file(siftlint: Run, place: str, said: str) -> None:
    assert siftlint("why", place) == (2, "", f"siftlint: {said}\n")


def test_write_baseline_reports_what_it_leaves(here: Path, siftlint: Run) -> None:
    put(here, {"a.yml": sigma(1, technique="t9991")})
    done = siftlint("lint", "--format", "json", "--write-baseline", "base.json")
    assert done.status == 0
    assert counts(done.out)["findings"] == 0
    assert counts(done.out)["baselined"] == 1
    assert siftlint("lint", "a.yml", "nowhere.yml", "--write-baseline", "base.json").status == 2
    failed = siftlint("lint", "--write-baseline", "nowhere/base.json")
    assert failed.status == 3
    assert failed.err.startswith("siftlint: can't write nowhere/base.json: ")


def test_verbose_counts_what_holds_no_rule(here: Path, siftlint: Run) -> None:
    put(here, {"a.yml": sigma(), "compose.yml": "services: {}\n", ".github/workflows/ci.yml": "on: push\njobs: {}\n"})
    assert siftlint("lint", "--select", "unknown-technique").err == ""
    assert "2 other files hold no rule" in siftlint("lint", "-v", "--select", "unknown-technique").err
