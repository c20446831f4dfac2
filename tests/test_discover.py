import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from linter import discover
from linter.dialects import marks, registry
from linter.discover import find, judge, look
from linter.reading import Unreadable, decode, load
from linter.source import Position, Source
from tests.shared import SHARED, needs_shared

SIGMA = "title: x\nlogsource:\n    category: process_creation\ndetection:\n    s:\n        Image: a\n    condition: s\n"
posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX file types")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "b/z.yml",
        "b/a.yaml",
        "a.toml",
        "b/.git/c.yml",
        "node_modules/x.yml",
        "b/readme.md",
        "c/d/e.yaral",
        "c/f.KQL",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    return tmp_path


def test_finds_files_sorted_by_suffix_without_vcs_folders(tree: Path) -> None:
    assert find([]) == ["a.toml", "b/a.yaml", "b/z.yml", "c/d/e.yaral", "c/f.KQL"]
    assert find(["./b/", "b//a.yaml", "."]) == ["a.toml", "b/a.yaml", "b/z.yml", "c/d/e.yaral", "c/f.KQL"]
    assert find(["b"], wanted="sigma") == ["b/a.yaml", "b/z.yml"]
    assert find(["."], wanted="kusto") == ["b/a.yaml", "b/z.yml", "c/f.KQL"]
    assert find([str(tree / "b")]) == [discover.tidy(str(tree / "b" / "a.yaml")), discover.tidy(str(tree / "b" / "z.yml"))]
    assert find(["b/readme.md"]) == ["b/readme.md"], "a named file is taken whatever its suffix"


def test_a_file_named_twice_in_different_spellings_is_found_once(tree: Path) -> None:
    assert len(find(["b/a.yaml", str(tree / "b" / "a.yaml")])) == 1


@pytest.mark.parametrize(
    ("pattern", "path", "yes"),
    [
        ("b", "b/a.yaml", True),
        ("b/", "b/a.yaml", True),
        ("b/", "x/b/y.yml", True),
        ("/b", "x/b/y.yml", False),
        ("*.yml", "deep/er/x.yml", True),
        ("*.yml", "x.yaml", False),
        ("b/*.yml", "b/x.yml", True),
        ("b/*.yml", "b/c/x.yml", False),
        ("b/**/*.yml", "b/c/d/x.yml", True),
        ("b/**/*.yml", "b/x.yml", True),
        ("**/draft_*", "b/c/draft_x.yml", True),
        ("b/**", "b/c/x.yml", True),
        ("b/**", "bc/x.yml", False),
        ("[ab].yml", "b.yml", True),
        ("[!ab].yml", "b.yml", False),
        ("a.yml", "aayml", False),
        ("a?.yml", "ab.yml", True),
        ("x(1).yml", "x(1).yml", True),
        ("x[.yml", "x[.yml", True),
    ],
)
def test_ignore_patterns(pattern: str, path: str, yes: bool) -> None:
    assert discover.ignorer((pattern,))(path) is yes


def test_ignore_holds_for_named_files_and_is_relative_to_the_root(tree: Path) -> None:
    assert find(["b/z.yml", "a.toml"], ["b"]) == ["a.toml"]
    assert find(["."], ["/z.yml"], root="b") == ["a.toml", "b/a.yaml", "c/d/e.yaral", "c/f.KQL"]


@posix
def test_special_files_are_passed_over_and_said_when_named(tree: Path) -> None:
    os.mkfifo(tree / "b" / "pipe.yml")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("b/s.yml")
        (tree / "b" / "loop").symlink_to(tree / "b")
        (tree / "b" / "self.yml").symlink_to("self.yml")
        (tree / "b" / "dead.yml").symlink_to("nowhere")
        assert find(["b"]) == ["b/a.yaml", "b/z.yml"]
        said = find(["b/pipe.yml", "b/s.yml", "/dev/null", "b/self.yml", "b/dead.yml", "none.yml", "a\0b"])
    messages = {each.path: each.message for each in said if isinstance(each, Unreadable)}
    assert len(messages) == 7
    assert "named pipe" in messages["b/pipe.yml"]
    assert "socket" in messages["b/s.yml"]
    assert "device" in messages["/dev/null"]
    assert messages["none.yml"] == "no such file or folder"


@posix
def test_a_file_that_has_become_a_pipe_is_not_waited_for(tree: Path) -> None:
    os.mkfifo(tree / "b" / "pipe.yml")
    loaded = load("b/pipe.yml")
    assert isinstance(loaded, Unreadable)
    assert "named pipe" in loaded.message


@posix
def test_odd_names(tree: Path) -> None:
    (tree / "b" / "new\nline.yml").write_text(SIGMA, encoding="utf-8")
    assert "b/new\nline.yml" in find(["."])
    assert isinstance(load("b/new\nline.yml"), Source)
    assert find(["\udcff.yml"])


def test_a_folder_that_cant_be_read_is_said_and_the_rest_found(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(path: str) -> object:
        if path.endswith("c"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    found = find([])
    assert [each for each in found if isinstance(each, str)] == ["a.toml", "b/a.yaml", "b/z.yml"]
    assert [each.path for each in found if isinstance(each, Unreadable)] == ["c"]


def test_text_keeps_its_line_ends_and_loses_its_mark(tmp_path: Path) -> None:
    source = decode("x.yml", b"\xef\xbb\xbfa: 1\r\nb: \xc3\xa9\r\n")
    assert isinstance(source, Source)
    assert (source.text, source.bom) == ("a: 1\r\nb: é\r\n", True)


@pytest.mark.parametrize(
    ("data", "position", "words"),
    [
        (SIGMA.encode() + b"# caf\xe9\n", Position(8, 6), "byte 0xE9 is not UTF-8"),
        (b"\xef\xbb\xbf# \xc3\xa9 \xff\n" + SIGMA.encode(), Position(1, 5), "byte 0xFF"),
        (SIGMA.encode("utf-16"), Position(1, 1), "UTF-16; save it as UTF-8"),
        (b"\xfe\xff" + SIGMA.encode("utf-16-be"), Position(1, 1), "UTF-16; save it as UTF-8"),
        (SIGMA.encode("utf-16-le"), Position(1, 1), "UTF-16 without a byte order mark"),
        (SIGMA.encode("utf-32"), Position(1, 1), "UTF-32"),
        (SIGMA.encode().replace(b"Image", b"Im\0age"), Position(6, 11), "NUL"),
    ],
)
def test_what_is_not_utf8_is_located_if_it_would_be_a_rule(data: bytes, position: Position, words: str) -> None:
    loaded = decode("x.yml", data)
    assert isinstance(loaded, Unreadable)
    assert loaded.position == position
    assert words in loaded.message
    seen = judge("x.yml", loaded)
    assert (seen.kind, seen.dialect) == ("problem", "sigma")
    other = decode("x.yml", b"services:\n  web: \xff\0\n")
    assert isinstance(other, Unreadable)
    assert judge("x.yml", other).kind == "other", "no word about what is no rule"


def test_a_large_file_costs_nothing_and_is_said_if_it_is_a_rule(tmp_path: Path) -> None:
    rule, data = tmp_path / "big.yml", tmp_path / "data.json"
    rule.write_text("title: x\ndescription: " + "x" * 50_000_000 + "\n" + SIGMA, encoding="utf-8")
    data.write_text("[" + "1," * 25_000_000 + "1]", encoding="utf-8")
    start = time.process_time()
    seen = look(str(rule))
    assert seen.kind == "problem"
    assert seen.problem is not None
    assert seen.problem.message == "50.0 MB; files of more than 5 MB are not read"
    assert look(str(data)).kind == "other"
    assert time.process_time() - start < 0.5


def test_a_file_without_permission_and_one_that_breaks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "x.yml").write_text(SIGMA, encoding="utf-8")

    def denied(*_: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    seen = look(str(tmp_path / "x.yml"))
    assert seen.kind == "problem"
    assert seen.problem is not None
    assert seen.problem.message == "no permission to read it"

    def broken(*_: object) -> object:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "open", broken)
    loaded = load(str(tmp_path / "x.yml"))
    assert isinstance(loaded, Unreadable)
    assert loaded.message == "can't be read: Input/output error"


NO_RULES = {
    "ci.yml": "name: ci\non: [push]\njobs:\n  test:\n    steps:\n      - run: echo search rule detection query\n",
    "compose.yaml": "services:\n  web:\n    image: nginx\n",
    "openapi.yaml": "paths:\n  /x:\n    get:\n      parameters:\n        - in: query\n          name: q\n",
    "mkdocs.yml": "plugins:\n  - search:\n      lang: en\n",
    "pyproject.toml": "[project]\nname = 'rule'\n[tool.rule]\nquery = 'x'\n",
    "package.json": '{"name": "x", "scripts": {}}',
    "empty.yml": "",
    "comment.yml": "# detection: logsource:\n",
    "prometheus.yml": "groups:\n  - name: x\n    rules:\n      - alert: a\n        labels:\n          severity: page\n",
    "malware.yar": 'rule x {\n strings:\n  $a = "x"\n condition:\n  $a\n}\n',
    "list.json": "[1, 2]",
    "notes.kql": "  \n",
}


@pytest.mark.parametrize("name", sorted(NO_RULES))
def test_what_is_no_rule_is_passed_over(name: str) -> None:
    seen = judge(name, Source(name, NO_RULES[name]))
    assert seen.kind == "other"


@pytest.mark.parametrize(
    ("name", "text", "container"),
    [
        ("a.bicep", "resource r 'Microsoft.SecurityInsights/alertRules@2022' = {}", "Bicep"),
        ("b.tf", 'resource "azurerm_sentinel_alert_rule_scheduled" "x" {}', "Terraform"),
        ("default/savedsearches.conf", "[x]\nsearch = index=a\n", "savedsearches.conf"),
        ("b.tf", 'resource "aws_s3_bucket" "x" {}', ""),
    ],
)
def test_containers_that_are_recognised_and_not_read(name: str, text: str, container: str) -> None:
    seen = judge(name, Source(name, text))
    assert (seen.kind, seen.container) == ("unsupported" if container else "other", container)


def test_the_line_on_unsupported_containers() -> None:
    assert discover.containers_line({"Terraform": 2, "Bicep": 1}) == "recognised but not read: 1 Bicep file, 2 Terraform files"
    assert discover.containers_line({}) == ""


def test_a_dialect_asked_for_is_taken_at_its_word() -> None:
    assert judge("x.yml", Source("x.yml", "a: 1\n"), "splunk")[:3] == ("x.yml", "rule", "splunk")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (SIGMA, "sigma"),
        ('rule x {\n  events:\n    $e.a.b = "c"\n  condition:\n    $e\n}\n', "yaral"),
        (
            "name: x\nquery: |\n  T | where A == 'b'\ntactics: []\nrequiredDataConnectors: []\n",
            "kusto",
        ),
        ("name: x\nsearch: index=a b=c\nhow_to_implement: x\ntags: {}\n", "splunk"),
        ('[metadata]\n[rule]\nname = "x"\nrule_id = "1"\nquery = "a:b"\n', "elastic"),
    ],
)
def test_a_file_imports_the_code_of_its_own_dialect_alone(text: str, name: str) -> None:
    code = (
        "import sys; from linter.discover import judge; from linter.source import Source\n"
        "seen = judge('x', Source('x', sys.argv[1]))\n"
        "print(seen.dialect, *(m.rpartition('.')[2] for m in sys.modules if m.startswith('linter.dialects.')))"
    )
    run = subprocess.run([sys.executable, "-c", code, text], check=True, capture_output=True, encoding="utf-8")
    found, *modules = run.stdout.split()
    assert found == name
    assert set(registry.NAMES) & set(modules) == {name}


@needs_shared
def test_every_rule_of_the_corpora_is_told_by_its_content() -> None:
    corpora = SHARED / "corpora" / "2026-08"
    expected = {"sigma": 4039, "elastic": 2192, "splunk": 1711, "kusto": 2262, "yaral": 891}
    for vendor, count in expected.items():
        sources = [load(path) for path in find([str(corpora / vendor)]) if isinstance(path, str)]
        told = [name for source in sources if isinstance(source, Source) for name in marks.candidates(source)]
        assert told.count(vendor) == count
        assert len(told) == count, "no other dialect is asked"
