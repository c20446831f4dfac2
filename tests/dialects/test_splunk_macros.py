from pathlib import Path

import pytest

from linter.dialects import splunk, splunk_macros
from linter.dialects.queries import spl
from linter.dialects.queries.core import QueryError
from linter.rule import Rule, Term, leaves
from linter.source import Source
from tests.shared import SHARED, needs_shared


@pytest.fixture(autouse=True)
def fresh() -> None:
    splunk_macros.forget()


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def rule(path: Path, search: str) -> Rule:
    reading = splunk.read(Source(path.as_posix(), f"name: A\ntype: TTP\nsearch: '{search}'\n"))
    assert reading.problems == ()
    return reading.rules[0]


def values(found: Rule) -> list[str]:
    return [predicate.value for predicate in found.predicates()]


def test_the_folder_near_the_rule_wins(tmp_path: Path) -> None:
    write(tmp_path / "macros" / "process_reg.yml", "name: process_reg\ndefinition: (Processes.process_name=mine.exe)\n")
    at = tmp_path / "detections" / "endpoint" / "a.yml"
    assert values(rule(at, "| tstats count from datamodel=Endpoint.Processes where `process_reg`")) == ["mine.exe"]
    assert values(rule(tmp_path.parent / "elsewhere.yml", "x=1 `process_reg`")) == ["1", "reg.exe", "reg.exe"]


def test_six_levels_up_is_too_far(tmp_path: Path) -> None:
    write(tmp_path / "macros" / "m.yml", "name: m\ndefinition: a=1\n")
    assert splunk_macros.near((tmp_path / "1/2/3/4/5/a.yml").as_posix()).folder is not None
    assert splunk_macros.near((tmp_path / "1/2/3/4/5/6/a.yml").as_posix()).folder is None


def test_a_macro_in_a_file_of_another_name(tmp_path: Path) -> None:
    write(tmp_path / "macros" / "all.yml", "name: mine(1)\narguments: [v]\ndefinition: a=$v$\n")
    assert values(rule(tmp_path / "a.yml", "`mine(7)` b=2")) == ["7", "2"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name: [",
        "- a",
        "name: m\n",
        "name: m\ndefinition: [a]\n",
        "name: m\niseval: 1\ndefinition: a=1\n",
        "\0",
        "x" * 300_000,
    ],
)
def test_what_is_no_macro_is_passed_over(tmp_path: Path, text: str) -> None:
    write(tmp_path / "macros" / "m.yml", text)
    assert values(rule(tmp_path / "a.yml", "`m` b=2")) == ["2"]


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "macros").mkdir()
    (tmp_path / "macros" / "m.yml").write_bytes(b"name: m\ndefinition: \xff\xfe\n")
    assert values(rule(tmp_path / "a.yml", "`m` b=2")) == ["2"]


def test_names_cannot_leave_the_folder(tmp_path: Path) -> None:
    write(tmp_path / "secret.yml", "name: ../secret\ndefinition: a=1\n")
    write(tmp_path / "macros" / "m.yml", "name: m\ndefinition: a=1\n")
    assert values(rule(tmp_path / "a.yml", "`../secret` b=2")) == ["2"]


def test_dependencies_are_the_files_of_the_macros_called(tmp_path: Path) -> None:
    folder = tmp_path / "macros"
    one = write(folder / "one.yml", "name: one\ndefinition: '`two` a=1'\n")
    two = write(folder / "two.yml", "name: two\ndefinition: b=1\n")
    other = write(folder / "other.yml", "name: other\ndefinition: c=1\n")
    at = (tmp_path / "d" / "a.yml").as_posix()
    assert splunk.dependencies(Source(at, "search: '`one` | `x_filter` | `drop_dm_object_name(A)`'")) == [one, two]
    assert splunk.dependencies(Source(at, "search: a=1")) == []
    assert splunk.dependencies(Source(at, "search: '`unheard_of`'")) == [one, other, two]
    assert splunk.dependencies(Source((tmp_path.parent / "b.yml").as_posix(), "search: '`one`'")) == []


def test_our_own_list_can_be_read() -> None:
    own = splunk_macros.own()
    assert len(own) > 100
    for macro in own.values():
        first = macro.definition.partition(" ")[0]
        try:
            spl.parse(f"x=1 | {macro.definition}" if first in ("lookup", "search") else macro.definition)
        except QueryError as error:
            pytest.fail(f"{macro.name}: {error.message}")


@pytest.mark.parametrize(
    "name", ["sysmon", "powershell", "wineventlog_security", "cloudtrail", "o365_management_activity", "okta"]
)
def test_macros_of_a_source_are_hints_and_no_predicates(name: str) -> None:
    query = spl.parse(f"`{name}` a=1", splunk_macros.own())
    assert f"macro:{name}" in query.parts[0].sources
    assert any(source.startswith(("source:", "sourcetype:", "eventtype:")) for source in query.parts[0].sources)
    assert [leaf.value for leaf in leaves(query.parts[0].tree)] == ["1"]


@needs_shared
def test_our_own_list_says_what_the_public_macros_say() -> None:
    public = splunk_macros.Macros(SHARED / "corpora" / "2026-08" / "splunk" / "macros")

    def said(macro: spl.MacroDefinition) -> set[tuple[str, str, str]]:
        text = macro.definition.replace("update=true ", "")
        text = f"x=1 | {text}" if text.startswith(("lookup", "search")) else text
        tree = spl.parse(text).parts[0].tree
        return {
            (leaf.field, leaf.op, leaf.value.lower()) for leaf in leaves(tree) if isinstance(leaf, Term) and not leaf.derived
        }

    own = splunk_macros.own()
    assert own.keys() <= set(public)
    for name, macro in own.items():
        assert said(macro) == said(public[name]), name
