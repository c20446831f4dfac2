"""The configuration file: where it is found, what it may hold, what it says when it is wrong."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from linter import config
from linter.cli import main
from linter.config import ConfigError


def write(folder: Path, text: str, name: str = "siftlint.toml") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def test_nearest_wins(here: Path) -> None:
    write(here, '[tool.siftlint]\npersona = "auditor"\n', "pyproject.toml")
    write(here / "a" / "b", 'persona = "pedantic"\n')
    write(here / "a", '[project]\nname = "x"\n', "pyproject.toml")
    assert config.for_file("a/rule.yml").persona == "auditor"
    assert config.for_file("a/b/c/rule.yml").persona == "pedantic"
    assert config.for_paths(["a/b/x.yml", "a/y.yml"]).persona == "auditor"
    assert config.for_paths(["a/b"]).persona == "pedantic"


def test_siftlint_toml_before_pyproject(here: Path) -> None:
    write(here, '[tool.siftlint]\npersona = "auditor"\n', "pyproject.toml")
    write(here, 'persona = "pedantic"\n')
    assert config.for_file("rule.yml").persona == "pedantic"


def test_siftlint_toml_may_name_its_table(here: Path) -> None:
    write(here, '[tool.siftlint]\npersona = "auditor"\n')
    assert config.for_file("rule.yml").persona == "auditor"


def test_everything_it_may_hold(here: Path) -> None:
    write(
        here / "conf",
        """\
select = ["unknown-technique", "unused-selection"]
ignore = ["missing-technique"]
persona = "pedantic"
fail-on = "error"
dialect = "sigma"
exclude = ["build/", "*.draft.yml"]
quiet-for = ["deprecated"]
baseline = "known.json"
snapshot = "snap"
catalogs = ["mine"]
jobs = 2
ignores-file = "ignores.toml"

[severity]
unknown-technique = "warning"

[[per-path]]
paths = ["hunting/**"]
ignore = ["unused-selection"]
persona = "regular"
severity = {unknown-technique = "advice"}
quiet-for = []

[[ignores]]
rule = "r1"
check = "unknown-technique"
reason = "pinned"
expires = 2027-01-31
""",
    )
    write(here / "conf", '[[ignores]]\nvalue = "x"\nreason = "y"\n', "ignores.toml")
    found = config.for_file("conf/rules/a.yml")
    assert found.where == "conf/siftlint.toml"
    assert (found.baseline, found.snapshot, found.catalogs) == ("conf/known.json", "conf/snap", ("conf/mine",))
    assert (found.fail_on, found.jobs, found.dialect) == ("error", 2, "sigma")
    assert [(ignore.rule, ignore.value, ignore.expires) for ignore in found.ignores] == [
        ("r1", "", date(2027, 1, 31)),
        ("", "x", None),
    ]
    plain, hunting = found.options("conf/rules/a.yml"), found.options("conf/hunting/a.yml")
    assert plain.wants("unused-selection")
    assert not hunting.wants("unused-selection")
    assert plain.hears("pedantic")
    assert not hunting.hears("pedantic")
    assert dict(plain.severity) == {"unknown-technique": "warning"}
    assert dict(hunting.severity) == {"unknown-technique": "advice"}
    assert (plain.quiet_for, hunting.quiet_for) == (("deprecated",), ())
    assert found.excludes("conf/build/a.yml")
    assert found.excludes("conf/x/a.draft.yml")
    assert not found.excludes("conf/x/a.yml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("selct = []", "unknown key `selct`; did you mean `select`?"),
        ("fail_on = 'error'", "unknown key `fail_on`; did you mean `fail-on`?"),
        ("select = ['noisy-brunch']", "`select` can't hold `noisy-brunch`"),
        ("select = ['unknown-tecnique']", "did you mean `unknown-technique`?"),
        ("persona = 'pedant'", "did you mean `pedantic`?"),
        ("select = 'x'", "`select` must be a list of texts"),
        ("jobs = true", "`jobs` must be a number"),
        ("[severity]\nunknown-technique = 'fatal'", "of `unknown-technique` can't be 'fatal'"),
        ("[[per-path]]\nignore = []", "needs `paths`"),
        ("[[per-path]]\npaths = ['a']\nselects = []", "unknown key `selects` in `per-path`; did you mean `select`?"),
        ("[[ignores]]\nrule = 'x'", "needs a `reason`"),
        ("[[ignores]]\nreason = 'x'", "needs at least one of"),
        ("[[ignores]]\nrule = 'x'\nreason = 'y'\nexpires = 'soon'", "must be a date"),
        ("[[ignores]]\nrules = 'x'\nreason = 'y'", "unknown key `rules` in `ignores` (entry 1); did you mean `rule`?"),
        ("a = ", "not TOML"),
    ],
)
def test_what_is_wrong_is_said(here: Path, text: str, said: str) -> None:
    write(here, text)
    with pytest.raises(ConfigError) as caught:
        config.for_file("rule.yml")
    assert str(caught.value).startswith("siftlint.toml: ")
    assert said in str(caught.value)


def test_a_broken_pyproject_without_our_table_is_not_ours(here: Path) -> None:
    write(here, "[project\n", "pyproject.toml")
    assert config.for_file("rule.yml").where == ""


ROW = "vendor\tscope\tfield\tcanonical\tpart\tmapping\tsource\nsigma\t*\tProcPath\tImage\tpath\texact\tours\n"
RULE = """\
title: A tool of ours
id: 2f9d6d0b-7f3f-4f0a-9a51-0b9a5b6b0101
logsource: {category: process_creation, product: windows}
detection:
  selection:
    ProcPath|endswith: '\\tool.exe'
  condition: selection
"""


def test_own_field_names(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(here / "ours", 'fields = ["fields.tsv"]\n')
    write(here / "ours", ROW, "fields.tsv")
    write(here / "ours", RULE, "rule.yml")
    write(here / "theirs", RULE, "rule.yml")
    assert main(["parse", "ours/rule.yml", "theirs/rule.yml"]) == 0
    rules = json.loads(capsys.readouterr().out)["rules"]
    assert [rule["predicates"][0]["canonical"] for rule in rules] == ["Image.name", "ProcPath"]


def test_a_faulty_table_of_fields_is_said(here: Path) -> None:
    write(here, 'fields = ["fields.tsv"]\n')
    write(here, "sigma\t*\tProcPath\n", "fields.tsv")
    with pytest.raises(ConfigError, match=r"names fields\.tsv, which can't be used: line 1: 3 cells where 7 belong"):
        config.for_file("rule.yml")
