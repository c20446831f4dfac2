"""What checks and ranker ask of a catalog, and what a broken snapshot says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from shutil import copytree

import pytest

from linter.catalog.load import Catalog
from linter.catalog.model import sides, telling
from linter.catalog.snapshot import SnapshotError, manifest_hash, shipped
from linter.dialects import sigma
from linter.rule import Indicator, Rule
from linter.source import Source
from tests.catalog.conftest import process, share, uuid
from tests.checks.corpus import catalog as build
from tests.filtered import filtered

MACHINE = Indicator("SubjectUserName", "endswith", "$")
TOOL = Indicator("ParentImage.path", "startswith", "c:\\program files\\tool\\")


def read(text: str) -> Rule:
    return sigma.read(Source("r.yml", text)).rules[0]


def titles(catalog: Catalog, handles: object) -> set[str]:
    return {catalog.rule(handle).title for handle in handles}  # type: ignore[attr-defined]


def test_reach_counts_rules_by_vendor(catalog: Catalog) -> None:
    reach = catalog.reach(Indicator("EventID", "eq", "5145"))
    assert (reach.total, reach.by_vendor) == (4, {"sigma": 4})
    assert catalog.reach(Indicator("EventID", "eq", "1")).total == 0
    users = catalog.users(Indicator("Image.name", "eq", "fetch.exe"))
    assert titles(catalog, users) == {"Process 5", "Process 6", "Process 7"}
    assert catalog.reach(Indicator("Image.name", "eq", "fetch.exe"), exclude=users[:1]).total == 2


def test_tables_of_classes_and_techniques(catalog: Catalog) -> None:
    table = catalog.event_class("windows:security:5145")
    assert titles(catalog, table.rules) == {"Share 1", "Share 2", "Share 3", "Share 4"}
    assert catalog.event_class("windows:security").handles == table.handles  # the wider class holds them too
    row = next(table.exclusions())
    assert row.indicator == MACHINE
    assert len(row.rules) == 4
    assert len(row.alone) == 4
    parent = catalog.technique("T1021")
    assert parent.handles == catalog.technique("T1021.002").handles == table.handles
    assert catalog.technique("T9999").rules == ()
    assert list(catalog.event_class("no/such").exclusions()) == []
    assert catalog.event_class("no/such").families() == 0
    fields = {field.field: field for field in table.fields()}
    assert fields["EventID"].ops == {"eq": 4}
    assert fields["SubjectUserName"].ops == {"not endswith": 4, "not eq": 1}
    assert [(event.provider, event.id, event.rules) for event in table.events()] == [("Security-Auditing", "5145", 4)]
    assert {row.indicator.value for row in table.indicators()} >= {"5145"}
    assert catalog.technique_names() == ["T1021", "T1021.002", "T1105"]
    assert "process_creation/windows" in catalog.class_names()


def test_who_is_left_out_does_not_testify(catalog: Catalog) -> None:
    table = catalog.event_class("windows:security:5145")
    out = catalog.by_id(uuid(1)) + catalog.by_id(uuid(2))
    row = next(table.exclusions(exclude=out))
    assert titles(catalog, row.rules) == {"Share 3", "Share 4"}
    assert table.families(exclude=out) == 2
    assert [row.indicator for row in table.exclusions(minimum=3, exclude=out)] == []
    assert next(len(row.rules) for row in table.indicators(minimum=2, exclude=out)) == 2


def test_exclusions_of_several_leaves(catalog: Catalog) -> None:
    (handle,) = catalog.by_id(uuid(3))
    rule = catalog.rule(handle)
    alone = {leaf.indicator: leaf.alone for leaf in rule.excluded}
    assert alone[MACHINE]
    backup = next(leaf for leaf in alone if leaf.value == "svc-backup")
    assert not alone[backup]
    ((other,),) = rule.beside(backup)
    assert other.value.startswith("10.")
    assert rule.beside(MACHINE) == ()


def test_near_copies_count_once(catalog: Catalog) -> None:
    six, seven = catalog.by_id(uuid(6)) + catalog.by_id(uuid(7))
    assert catalog.family(six) == catalog.family(seven) == min(six, seven)
    assert set(catalog.copies(six)) == {six, seven}
    table = catalog.event_class("process_creation/windows")
    assert (len(table.rules), table.families()) == (3, 2)
    assert catalog.families(table.rules) == 2
    assert catalog.manifest["families"] == 6


def test_a_rule_under_lint_does_not_testify_for_itself_or_through_its_copies(catalog: Catalog) -> None:
    own = read(process(6, level="high"))
    assert titles(catalog, catalog.related_to(own)) == {"Process 6", "Process 7"}
    renumbered = read(process(555, word="word6", title="Same thing elsewhere"))
    assert titles(catalog, catalog.related_to(renumbered)) == {"Process 6", "Process 7"}
    derived = read(process(556, word="else", extra=f"related:\n    - id: {uuid(5)}\n      type: similar\n"))
    assert titles(catalog, catalog.related_to(derived)) == {"Process 5"}
    assert catalog.related_to(read(process(557, word="unheard of"))) == frozenset()


def test_native_spellings_and_written_values(catalog: Catalog) -> None:
    assert catalog.written(TOOL) == "C:\\Program Files\\Tool\\"
    spelling = catalog.spellings("Image.name", "eq", "sigma")[0]
    assert (spelling.field, spelling.op, spelling.template, spelling.uses) == ("Image", "endswith", "\\{}", 3)
    assert catalog.spellings("Image.name", "eq", "elastic") == []


def test_what_goes_with_an_indicator(catalog: Catalog) -> None:
    found = dict(catalog.combined_with(Indicator("Image.name", "eq", "fetch.exe")))
    assert found[Indicator("CommandLine", "contains", "-out")] == 3
    assert all(indicator.field != "Image.name" for indicator in found)


def test_events_by_number(catalog: Catalog) -> None:
    assert len(catalog.event_rules("Security-Auditing", "5145")) == 4
    assert catalog.event_rules("Sysmon", "1") == ()  # the category implies it, no rule names it
    assert catalog.event_title("Sysmon", "1")
    assert catalog.event_title("Sysmon", "9999") == ""


def test_weights_and_norms(catalog: Catalog) -> None:
    rare, common = Indicator("CommandLine", "contains", "word5"), Indicator("CommandLine", "contains", "-out")
    assert catalog.weight(rare) > catalog.weight(common) > 0
    (handle,) = catalog.by_id(uuid(5))
    count, norm = catalog.norm(handle)
    indicators = catalog.rule(handle).indicators
    assert count == len(telling(indicators)) == 3
    assert abs(norm**2 - sum(catalog.weight(one) ** 2 for one in indicators)) < 0.01


def test_excluding_a_path_is_no_exclusion_of_the_name(built: Callable[[dict[str, str]], Catalog]) -> None:
    text = process(1).replace("ParentImage|startswith: 'C:\\Program Files\\Tool\\'", "ParentImage: 'C:\\Tool\\run.exe'")
    catalog = built({"rules/a.yml": text})
    name, path = Indicator("ParentImage.name", "eq", "run.exe"), Indicator("ParentImage.path", "eq", "c:\\tool\\run.exe")
    assert catalog.excluders(name) is None
    assert len(catalog.excluded_within(name)) == 1
    row = catalog.excluders(path)
    assert row is not None
    assert len(row.rules) == 1


def test_ids_that_repeat_keep_their_own_rules(built: Callable[[dict[str, str]], Catalog]) -> None:
    catalog = built({"rules/a.yml": share(1, title="One"), "rules/b.yml": share(1, title="Two", name="\\\\other.exe")})
    assert titles(catalog, catalog.by_id(uuid(1))) == {"One", "Two"}
    assert catalog.manifest["families"] == 1


def test_hostile_texts_come_back_as_they_were(built: Callable[[dict[str, str]], Catalog]) -> None:
    title = "<script>\u202e| `x` \\t ␛ #"
    catalog = built(
        {"rules/a.yml": share(1).replace("title: Share 1", f"title: {json.dumps(title)}").replace("tool1", "a\\tb␛#")}
    )
    (rule,) = catalog.every_rule()
    assert rule.title == title
    indicator = next(one for one in rule.indicators if one.field == "RelativeTargetName")
    assert catalog.reach(indicator).total == 1


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda s: (s / "manifest.json").unlink(), "no catalog snapshot"),
        (lambda s: (s / "manifest.json").write_text("{", encoding="utf-8"), "is no manifest"),
        (lambda s: (s / "manifest.json").write_text("[]", encoding="utf-8"), "is no manifest"),
        (lambda s: (s / "manifest.json").write_bytes(b"\xff"), "can't be read"),
        (lambda s: edit_manifest(s, rules=8), "was edited"),
        (lambda s: edit_manifest(s, True, schema=99), "update siftlint"),
        (lambda s: edit_manifest(s, True, schema=0), "build it again"),
    ],
)
def test_a_snapshot_that_cannot_be_used_says_so_on_opening(
    damage: Callable[[Path], object], words: str, snapshot: Path, tmp_path: Path
) -> None:
    copy = copytree(snapshot, tmp_path / "copy")
    damage(copy)
    with pytest.raises(SnapshotError, match=words):
        Catalog.open(copy)


def edit_manifest(folder: Path, honest: bool = False, **changes: object) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8")) | changes
    if honest:
        manifest["hash"] = manifest_hash(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize("how", ["cut", "edited", "gone"])
def test_a_shard_that_is_not_what_the_manifest_says(how: str, snapshot: Path, tmp_path: Path) -> None:
    copy = copytree(snapshot, tmp_path / "copy")
    shard = copy / "classes" / "windows-security.tsv"
    data = shard.read_bytes()
    if how == "gone":
        shard.unlink()
    else:
        shard.write_bytes(data[: len(data) // 2] if how == "cut" else data.replace(b"5145", b"5146"))
    catalog = Catalog.open(copy)
    with pytest.raises(SnapshotError, match="can't be read" if how == "gone" else "cut short or edited"):
        catalog.event_class("windows:security:5145")


def test_the_shipped_snapshot_lies_beside_the_package() -> None:
    assert shipped().name == "catalog_snapshot"
    assert (shipped().parent / "linter").is_dir()


def test_rules_that_say_the_same(tmp_path: Path) -> None:
    same = [filtered(n, "CommandLine|contains: 'one'", "Image|endswith: '\\a.exe'") for n in (1, 2)]
    tuned = filtered(3, "CommandLine|contains: 'one'", "Image|endswith: '\\a.exe'", filters=(("User: 'x'",),))
    other = filtered(4, "CommandLine|contains: 'two'", "Image|endswith: '\\a.exe'")
    catalog = Catalog.open(build(tmp_path, [*same, tuned, other]))
    rules = {rule.title: rule for rule in catalog.every_rule()}
    mine = rules["Authored rule 1"]
    looks, excludes = sides(mine.indicators, mine.classes, ())
    found = catalog.same(looks)
    assert {catalog.rule(handle).title for _, handle in found} == {f"Authored rule {n}" for n in (1, 2, 3)}
    assert {catalog.rule(handle).title for gone, handle in found if gone == excludes} == {"Authored rule 1", "Authored rule 2"}
    assert catalog.same("0" * 20) == []
