"""Small sites built from authored rules, and chromium to look at them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from linter.catalog.build import run_build
from linter.catalog.load import Catalog
from linter.site.build import Site, build
from tests.catalog.conftest import process, share, uuid, write
from tests.hostile_text import ATTEMPTS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

LINUX = """\
title: Archive Written Below tmp {number}
id: {id}
level: low
tags:
    - attack.t1560.001
    - attack.t1105
logsource:
    category: process_creation
    product: linux
detection:
    selection:
        Image|endswith: /tar
        CommandLine|contains:
            - /tmp/a{number}
            - /tmp/b{number}
    condition: selection
"""
CLOUD = """\
[metadata]
creation_date = "2024/01/02"
maturity = "production"

[rule]
author = ["A. Nyone"]
description = "An example."
language = "kuery"
license = "Elastic License v2"
name = "Snapshot Shared {number}"
risk_score = 21
rule_id = "{id}"
severity = "low"
tags = ["Domain: Cloud", "Data Source: AWS", "Data Source: Amazon Web Services"]
type = "query"
index = ["logs-aws.cloudtrail-*"]
query = '''
event.dataset: aws.cloudtrail and event.provider: ec2.amazonaws.com and event.action: ModifySnapshotAttribute{number}
  and not user_agent.original: "backup"
'''

[[rule.threat]]
framework = "MITRE ATT&CK"
[[rule.threat.technique]]
id = "T1537"
name = "Transfer Data to Cloud Account"
reference = "https://attack.mitre.org/techniques/T1537/"
[rule.threat.tactic]
id = "TA0010"
name = "Exfiltration"
reference = "https://attack.mitre.org/tactics/TA0010/"
[[rule.threat]]
framework = "MITRE ATT&CK"
[[rule.threat.technique]]
id = "T1105"
name = "Ingress Tool Transfer"
reference = "https://attack.mitre.org/techniques/T1105/"
[rule.threat.tactic]
id = "TA0011"
name = "Command and Control"
reference = "https://attack.mitre.org/tactics/TA0011/"
"""
UNTAGGED = """\
title: Nobody Tagged This
logsource:
    product: zeek
    service: smb_files
detection:
    sel:
        name: x.exe
    condition: sel
"""
SOURCES = (
    "vendor\trepository\tcommit\tdate\tlicence\tfiles\n"
    "sigma\tsomebody/rules\t0123456789abcdef0123456789abcdef01234567\t2024-05-06\tCC0\t9\n"
    "elastic\tsomebody/else\t123456789abcdef0123456789abcdef012345678\t2024-05-07\tMIT\t9\n"
)


def corpora(folder: Path) -> Catalog:
    """Two vendors: 16 rules on shares (one tags a sub-technique's parent too), 12 on processes, Linux and the cloud."""
    sigma = {f"rules/windows/share{n}.yml": share(n, title=f"Share Touched {n}") for n in range(1, 17)}
    both = "selection and not filter_machine and not filter_agent"
    sigma["rules/windows/share16.yml"] = share(16, title="Share Touched 16", condition=both)
    sigma |= {f"rules/windows/process{n}.yml": process(n, title=f"Fetched {n}") for n in range(21, 33)}
    sigma |= {f"rules/linux/tar{n}.yml": LINUX.format(number=n, id=uuid(n)) for n in range(41, 46)}
    sigma["rules/linux/other.yml"] = LINUX.format(number=49, id=uuid(49)).replace("    - attack.t1560.001\n", "")
    sigma["rules/untagged.yml"] = UNTAGGED
    write(folder / "sigma", sigma)
    write(folder / "elastic", {f"rules/cloud{n}.toml": CLOUD.format(number=n, id=uuid(n)) for n in range(51, 55)})
    (folder / "SOURCES.tsv").write_text(SOURCES, encoding="utf-8")
    run_build([f"sigma={folder / 'sigma'}", f"elastic={folder / 'elastic'}"], str(folder / "snapshot"))
    return Catalog.open(folder / "snapshot")


class Made:
    """A built site: its folder and what the build said."""

    def __init__(self, folder: Path, site: Site) -> None:
        self.folder = folder
        self.site = site

    def text(self, path: str) -> str:
        return (self.folder / path).read_text(encoding="utf-8")

    def url(self, path: str) -> str:
        """The address of a page, or of a place on it, from the disk."""
        name, mark, fragment = path.partition("#")
        return (self.folder / name).as_uri() + mark + fragment


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    return corpora(tmp_path_factory.mktemp("corpora"))


@pytest.fixture(scope="session")
def made(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("site") / "out"
    return Made(folder, build(catalog, folder, processes=1))


def hostile_rules() -> dict[str, str]:
    """Rules in which every attempt stands as title, author, field, value and excluded value."""
    import yaml

    rules = {}
    for number, text in enumerate([*ATTEMPTS.values(), "javascript:alert(1)", "'\"><svg onload=alert(1)>", "x" * 10_000], 100):
        safe = text.encode("utf-8", "replace").decode()
        for at, technique in enumerate(("attack.t1105", "attack.t1059.001")):
            rule = {
                "title": safe[:240] or "empty", "id": uuid(number * 10 + at), "author": safe[:500] or "a", "level": "low",
                "status": "test", "tags": [technique],
                "logsource": {"category": "process_creation", "product": "windows"},
                "detection": {
                    "sel": {"CommandLine|contains": [safe or " ", f"{safe}{at}"], f"F{safe[:60]}": "v"},
                    "filter": {"ParentImage|endswith": safe or " "},
                    "filter_two": {"User": safe or " ", "ParentCommandLine": f"{safe}!"},
                    "condition": "sel and not 1 of filter*",
                },
            }  # fmt: skip
            rules[f"rules/r{number}_{at}.yml"] = yaml.safe_dump(rule, allow_unicode=False, width=100_000)
    return rules


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("hostile")
    write(folder / "sigma", hostile_rules())
    (folder / "SOURCES.tsv").write_text(
        "vendor\trepository\tcommit\tdate\tlicence\tfiles\n"
        'sigma\t<script>alert(1)</script>\t"><img src=x>\t\u202e2024\t<b>x</b>\t9\n',
        encoding="utf-8",
    )
    run_build([f"sigma={folder / 'sigma'}"], str(folder / "snapshot"))
    catalog = Catalog.open(folder / "snapshot")
    only = frozenset({"T1105", "T1059.001", "process_creation/windows"})
    return Made(folder / "out", build(catalog, folder / "out", only, processes=1))


ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip


def chromium() -> str:
    """The browser; "" when there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "") or ""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = chromium()
    if not found:
        if os.environ.get("CI") and os.name == "posix" and shutil.which("apt-get"):
            pytest.fail("chromium is missing, which .ci/run installs")
        pytest.skip("needs chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        yield browser
        browser.close()
