"""Field tables: their form, scope, users' own rows, and predicates made of terms."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from linter.rule import And, Event, Indicator, Not, Predicate, Term, leaves
from linter.source import Embedded
from linter.taxonomy import fields, normalise, schemas, tables

PARTS = {
    "", "path", "name", "dir", "ext", "arg", "key", "value", "account", "user", "domain", "sid", "md5", "sha1", "sha256",
    "imphash",
}  # fmt: skip
VENDORS = ("sigma", "elastic", "splunk", "kusto", "yaral")


@pytest.fixture
def clean() -> Iterator[None]:
    yield
    fields._extra.clear()
    fields.extend([])


@pytest.mark.parametrize("vendor", VENDORS)
def test_tables_are_well_formed(vendor: str) -> None:
    rows = fields.parse(tables.text(f"fields/{vendor}.tsv"))
    assert rows
    seen = set()
    for row in rows:
        assert row.vendor == vendor
        assert row.mapping in ("exact", "scoped", "assumed", "native"), row
        assert row.canonical, row
        assert row.source, row
        assert row.part in PARTS, row
        assert (row.field.lower(), row.scope) not in seen, row
        seen.add((row.field.lower(), row.scope))


@pytest.mark.parametrize(
    ("vendor", "field", "words", "expected"),
    [
        ("kusto", "FolderPath", ("deviceprocessevents",), ("Image", "path", "scoped")),
        ("kusto", "FolderPath", ("deviceimageloadevents",), ("ImageLoaded", "path", "scoped")),
        ("kusto", "FolderPath", ("devicefileevents",), ("TargetFilename", "path", "scoped")),
        ("kusto", "FolderPath", (), ("TargetFilename", "path", "assumed")),
        ("kusto", "InitiatingProcessFileName", ("deviceprocessevents",), ("ParentImage", "name", "scoped")),
        ("kusto", "InitiatingProcessFileName", ("devicenetworkevents",), ("Image", "name", "scoped")),
        ("elastic", "file.path", ("image_load",), ("ImageLoaded", "path", "scoped")),
        ("elastic", "file.path", ("file_event",), ("TargetFilename", "path", "exact")),
        ("elastic", "file.name", ("pipe_created",), ("PipeName", "", "scoped")),
        ("elastic", "process.executable", ("process_access",), ("SourceImage", "path", "scoped")),
        ("elastic", "process.executable.caseless", (), ("Image", "path", "exact")),
        ("elastic", "winlog.event_data.AccessMask", ("windows",), ("AccessMask", "", "exact")),
        ("elastic", "user.id", ("windows:security",), ("SubjectUserSid", "", "scoped")),
        ("elastic", "user.id", ("linux",), ("User", "sid", "exact")),
        ("elastic", "aws.cloudtrail.flattened.x", ("aws:cloudtrail",), ("aws.cloudtrail.flattened.x", "", "native")),
        ("yaral", "principal.process.file.full_path", ("process_creation",), ("ParentImage", "path", "scoped")),
        ("yaral", "principal.process.file.full_path", ("network_connection",), ("Image", "path", "scoped")),
        ("yaral", "principal.process.file.full_path", (), ("ParentImage", "path", "assumed")),
        ("yaral", "target.file.full_path", (), ("TargetFilename", "path", "exact")),
        ("splunk", "Registry.registry_value_name", (), ("TargetObject", "value", "exact")),
        ("splunk", "process_parent_path", (), ("ParentImage", "path", "assumed")),
        ("splunk", "ScriptBlockText", ("windows",), ("ScriptBlockText", "", "exact")),
        ("splunk", "Operation", ("m365", "m365:audit"), ("Operation", "", "native")),
        ("sigma", "ProcessName", ("windows:security",), ("Image", "path", "scoped")),
        ("sigma", "eventName", ("aws:cloudtrail", "aws"), ("eventName", "", "native")),
        ("sigma", "CommandLine", ("process_creation", "windows"), ("CommandLine", "", "exact")),
        ("sigma", "process.name", ("taxonomy:ecs",), ("Image", "name", "exact")),
    ],
)
def test_scope_decides(vendor: str, field: str, words: tuple[str, ...], expected: tuple[str, str, str]) -> None:
    assert fields.lookup(vendor, field, words)[:3] == expected


def test_a_gap_is_told_from_a_native_name() -> None:
    assert fields.lookup("splunk", "no_such_field", ("windows",)).known is False
    assert fields.lookup("splunk", "requestParameters.x", ("aws:cloudtrail", "aws")).known is True


@pytest.mark.usefixtures("clean")
def test_users_add_rows() -> None:
    fields.extend(
        [
            ("elastic", "*", "acme.program", "Image", "name", "exact", "ours"),
            ("sigma", "taxonomy:acme", "prog", "Image", "name", "exact"),
        ]
    )
    assert fields.lookup("elastic", "acme.program", ())[:2] == ("Image", "name")
    assert fields.lookup("sigma", "prog", ("taxonomy:acme",))[:2] == ("Image", "name")
    assert fields.lookup("sigma", "prog", ())[0] == "prog"
    for bad in (("elastic",), ("elastic", "*", "x", "Image", "name", "sure"), ("elastic", "*", "", "Image", "", "exact")):
        with pytest.raises(ValueError, match="not a field row"):
            fields.extend([bad])
    with pytest.raises(ValueError, match="line 1"):
        fields.parse("a\tb\n")


def test_predicates() -> None:
    inner = Not(Not(Term("ParentImage", "endswith", "\\cmd.exe", "endswith", False, 10, 20)))
    image = Term("Image", "endswith", "\\NET.exe", "endswith", False, 0, 5)
    computed = Term("n", "gt", "3", ">", False, 21, 25, derived=True)
    node = And((image, inner, computed, Term("User", "eq", "%admins%", "expand", False, 26, 30, listed=True)))
    events = (Event("process_creation/windows", "", "", "", False),)
    made = normalise.predicates(node, "sigma", events, (), Embedded("x" * 40, ((0, 100),)))
    first, second, third, fourth = [leaf for leaf in leaves(made) if isinstance(leaf, Predicate)]
    assert (first.field, first.value, first.canonical, first.mapping, first.start, first.end) == (
        "Image",
        "\\NET.exe",
        "Image.name",
        "exact",
        100,
        105,
    )
    assert first.indicators == (Indicator("Image.name", "eq", "net.exe"),)
    assert (second.negated, second.excluded) == (False, True)
    assert (third.derived, third.indicators) == (True, ())
    assert fourth.indicators == (Indicator("User", "eq", "%admins%"),)


def test_schemas() -> None:
    assert schemas.has("process_creation/windows", "ParentImage.name") is True
    assert schemas.has("image_load/windows", "ParentCommandLine") is False
    assert schemas.has("no/such", "Image") is None
    found = schemas.schema("windows:security:5145")
    assert found is not None
    assert found.documented
    assert "ShareName" in found.fields
    assert schemas.near("Sharename", found.fields) == "ShareName"
    assert schemas.near("ShareNme", found.fields) == "ShareName"
    assert schemas.near("Quux", found.fields) == ""
    columns = schemas.columns("DeviceProcessEvents")
    assert columns is not None
    assert "ProcessCommandLine" in columns
    assert schemas.columns("NoSuchTable") is None
    assert schemas.base("Hashes.sha256") == "Hashes"
    assert schemas.base("userIdentity.type") == "userIdentity.type"
