"""Small corpora of authored rules, and the catalogs built from them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from linter.catalog.build import run_build
from linter.catalog.load import Catalog

SHARE = """\
title: {title}
id: {id}
status: test
level: {level}
author: A. Nyone
date: 2024-01-02
{extra}tags:
    - attack.lateral-movement
    - attack.t1021.002
logsource:
    product: windows
    service: security
detection:
    selection:
        EventID: 5145
        ShareName|endswith: '{share}'
        RelativeTargetName|endswith: '{name}'
    filter_machine:
        SubjectUserName|endswith: '$'
    filter_agent:
        SubjectUserName: svc-backup
        IpAddress|startswith: '10.'
    condition: {condition}
"""
PROCESS = """\
title: {title}
id: {id}
status: test
level: {level}
{extra}tags:
    - attack.t1105
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        Image|endswith: '\\fetch.exe'
        CommandLine|contains|all:
            - '-out'
            - '{word}'
    filter_main_tool:
        ParentImage|startswith: 'C:\\Program Files\\Tool\\'
    filter_null:
        ParentImage: null
    condition: selection and not 1 of filter_*
"""


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def share(number: int, title: str = "", share: str = "\\\\ADMIN$", name: str = "", condition: str = "", **more: str) -> str:
    return SHARE.format(
        title=title or f"Share {number}", id=uuid(number), share=share, name=name or f"\\\\tool{number}.exe",
        condition=condition or "selection and not filter_machine",
        level=more.get("level", "medium"), extra=more.get("extra", ""),
    )  # fmt: skip


def process(number: int, title: str = "", word: str = "", **more: str) -> str:
    return PROCESS.format(
        title=title or f"Process {number}", id=uuid(number), word=word or f"word{number}",
        level=more.get("level", "medium"), extra=more.get("extra", ""),
    )  # fmt: skip


def write(folder: Path, rules: dict[str, str]) -> Path:
    for name, text in rules.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


SIGMA = {
    "rules/windows/share1.yml": share(1),
    "rules/windows/share2.yml": share(2),
    "rules/windows/share3.yml": share(3, condition="selection and not filter_machine and not filter_agent"),
    "rules/windows/share4.yml": share(4, share="\\\\C$"),
    "rules/windows/proc5.yml": process(5),
    "rules/windows/proc6.yml": process(6, level="high"),
    "rules/windows/proc6_copy.yml": process(7, word="word6", extra=f"related:\n    - id: {uuid(6)}\n      type: derived\n"),
    "deprecated/old.yml": share(90),
    "unsupported/odd.yml": share(91),
    "rules/README.md": "no rule\n",
    "rules/windows/notes.yml": "a: 1\n",
}
SOURCES = (
    "vendor\trepository\tcommit\tdate\tlicence\tfiles\n"
    "sigma\tsomebody/rules\t0123456789abcdef0123456789abcdef01234567\t2024-05-06\tCC0\t9\n"
)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpora")
    write(folder / "sigma", SIGMA)
    (folder / "SOURCES.tsv").write_text(SOURCES, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def snapshot(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("out") / "snapshot"
    run_build([f"sigma={corpus / 'sigma'}"], str(output))
    return output


@pytest.fixture
def catalog(snapshot: Path) -> Catalog:
    return Catalog.open(snapshot)


@pytest.fixture
def built(tmp_path: Path) -> Callable[[dict[str, str]], Catalog]:
    """A catalog of a dict of Sigma files."""

    def build(rules: dict[str, str]) -> Catalog:
        write(tmp_path / "sigma", rules)
        run_build([f"sigma={tmp_path / 'sigma'}"], str(tmp_path / "snapshot"))
        return Catalog.open(tmp_path / "snapshot")

    return build
