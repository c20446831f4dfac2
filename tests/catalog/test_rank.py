"""The ranker against a catalog in which every rule is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from linter.catalog import peers, rank
from linter.catalog.load import Catalog
from linter.dialects import registry
from linter.rule import Indicator, Rule
from linter.source import Source
from tests.checks.corpus import catalog as build
from tests.filtered import filtered

PARENT = "ParentImage|endswith: '\\winword.exe'"
UPDATER = ("Image: 'C:\\Program Files\\Vendor\\update.exe'",)
CHROME = ("Image|startswith: 'C:\\Program Files\\Google\\Chrome\\Application\\'",)
BACKUP = ("CommandLine|contains: 'vendorbackup'", "User|contains: 'AUTHORI'")
LINUX = "{category: process_creation, product: linux}"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Five rules on children of Word exclude an updater, two of them Chrome, one a case of two leaves; some others."""
    rules = [
        filtered(n, PARENT, f"CommandLine|contains: 'word{n}'", filters=(UPDATER, *((CHROME,) if n < 2 else ())))
        for n in range(4)
    ]
    rules.append(filtered(4, PARENT, "CommandLine|contains: 'word4'", filters=(UPDATER, BACKUP)))
    rules += [filtered(n, f"CommandLine|contains: 'other{n}'") for n in range(10, 20)]
    rules += [
        filtered(n, PARENT, "CommandLine|contains: 'copied'", filters=(("Image|endswith: '\\copied.exe'",),))
        for n in (30, 31, 32)
    ]
    rules.append(filtered(40, PARENT, "CommandLine|contains: 'word0'", filters=(("Image: '/opt/x/agent'",),), source=LINUX))
    return Catalog.open(build(tmp_path_factory.mktemp("catalog"), rules))


def read(text: str) -> Rule:
    return registry.dialect("sigma").read(Source("rule.yml", text)).rules[0]


def natives(catalog: Catalog, text: str, limit: int = 50) -> list[tuple[str, str, str]]:
    return [tuple(one.native) for one in rank.suggest(read(text), catalog, limit)]


UPDATE = ("Image", "eq", "C:\\Program Files\\Vendor\\update.exe")
MINE = filtered(900, PARENT, "CommandLine|contains: 'wordy'")


def test_what_like_rules_exclude(catalog: Catalog) -> None:
    found = rank.suggest(read(MINE), catalog, 10)
    assert tuple(found[0].native) == UPDATE
    assert found[0].families == 5
    assert found[0].cls == "installer_updater"
    assert {catalog.rule(handle).title for handle in found[0].rules} == {f"Authored rule {n}" for n in range(5)}
    assert 0 < found[0].score < 1
    assert len(rank.suggest(read(MINE), catalog, 1)) == 1
    assert rank.suggest(read(MINE), catalog, 0) == ()


def test_the_rest_of_the_clause(catalog: Catalog) -> None:
    found = {one.native: one for one in rank.suggest(read(MINE), catalog, 50)}
    backup = next(one for native, one in found.items() if native.value == "vendorbackup")
    assert [tuple(other) for other in backup.extra] == [("User", "contains", "AUTHORI")]
    assert backup.caveat
    assert found[rank.Native(*UPDATE)].extra == ()


def test_near_copies_count_once(catalog: Catalog) -> None:
    copied = next(one for one in rank.suggest(read(MINE), catalog, 50) if one.native.value == "\\copied.exe")
    assert copied.families == 1
    assert copied.caveat == "any file can carry that name"


def test_a_rule_does_not_testify_for_itself(catalog: Catalog) -> None:
    again = filtered(30, PARENT, "CommandLine|contains: 'copied'")
    assert "\\copied.exe" not in {value for _, _, value in natives(catalog, again)}


@pytest.mark.parametrize(
    "text",
    [
        filtered(901, PARENT, "CommandLine|contains: 'wordy'", filters=(UPDATER,)),  # has it
        filtered(902, PARENT, filters=(("Image|startswith: 'C:\\Program Files\\Vendor\\'",),)),  # has more
        filtered(903, PARENT, "Image|endswith: '\\cmd.exe'"),  # can't be
        filtered(904, PARENT, "Image|endswith: '\\update.exe'"),  # would hide it
        filtered(905, PARENT, filters=(("Image|expand: '%updaters%'",),)),  # the organisation's own list
    ],
)
def test_infeasible(catalog: Catalog, text: str) -> None:
    assert UPDATE not in natives(catalog, text)


def test_the_home_of_a_program_is_not_excluded(catalog: Catalog) -> None:
    folder = ("Image", "startswith", "C:\\Program Files\\Google\\Chrome\\Application\\")
    assert folder in natives(catalog, MINE)
    assert folder not in natives(catalog, filtered(906, PARENT, "Image|endswith: '\\chrome.exe'"))


def test_other_systems_do_not_vote(catalog: Catalog) -> None:
    assert "/opt/x/agent" not in {value for _, _, value in natives(catalog, filtered(907, PARENT, "CommandLine: 'word0'"))}


def test_what_completes_a_filter_says_so(catalog: Catalog) -> None:
    own = ("Image|startswith: 'C:\\Program Files (x86)\\Some\\'",)
    found = {tuple(one.native): one for one in rank.suggest(read(filtered(908, PARENT, filters=(own,))), catalog, 50)}
    twin = next(one for native, one in found.items() if native[2].lower() == "c:\\program files\\some\\")
    assert twin.label == rank.COMPLETES
    assert found["Image", "null", ""].label == rank.COMPLETES


def test_nothing_of_a_rule_without_conditions_or_events(catalog: Catalog) -> None:
    rule = read(MINE)
    assert rank.suggest(rule._replace(trees=()), catalog) == ()
    assert rank.suggest(rule._replace(events=()), catalog) == ()


def test_words_of_another_dialect(catalog: Catalog) -> None:
    """A vendor that writes no such thing in this catalog gets no words put in its mouth."""
    rule = read(MINE)._replace(vendor="elastic", dialect="elastic")
    assert all(native.field.startswith(("process.", "user.")) for native in (one.native for one in rank.suggest(rule, catalog)))


def test_the_same_every_time(catalog: Catalog) -> None:
    assert rank.suggest(read(MINE), catalog, 50) == rank.suggest(read(MINE), Catalog.open(catalog.snapshots[0].path), 50)


def test_a_catalog_without_peers_suggests_what_the_rule_itself_does(catalog: Catalog) -> None:
    table = peers.of(catalog)
    at = table.leaf(Indicator("Image.path", "eq", "c:\\program files\\vendor\\update.exe"))
    assert at is not None
    every = [table.peers[number] for number in table.number.values()]
    assert {every[number].handle for number in table.voted[at].peers} <= table.number.keys()
    assert {peer.family for peer in every} <= {catalog.family(peer.handle) for peer in every}
    assert Path(catalog.snapshots[0].path, "peers", "rules.tsv").is_file()


@pytest.mark.parametrize(("rules", "proposed"), [(4, False), (5, True)])
def test_a_field_that_is_common_in_a_log_may_be_excluded_by(tmp_path: Path, rules: int, proposed: bool) -> None:
    source = "{product: aws, service: cloudtrail}"
    sample = ("security.about.labels.sample: 'true'",)
    corpus = [
        filtered(n, "eventSource: 'guardduty.amazonaws.com'", f"eventName: 'Name{n}'", filters=(sample,), source=source)
        for n in range(rules)
    ]
    catalog = Catalog.open(build(tmp_path, corpus))
    mine = filtered(900, "eventSource: 'guardduty.amazonaws.com'", "eventName: 'Other'", source=source)
    assert (("security.about.labels.sample", "eq", "true") in natives(catalog, mine)) is proposed


def test_a_layer_counts_as_if_it_were_part_of_the_catalog(tmp_path: Path) -> None:
    """What the rules of two layers exclude, and how like they are, is what it is in one catalog of them all."""
    texts = [
        filtered(n, PARENT, f"CommandLine|contains: 'word{n}'", filters=(UPDATER, *((CHROME,) if n % 2 else (BACKUP,))))
        for n in range(8)
    ]
    whole = Catalog.open(build(tmp_path / "whole", texts))
    layered = Catalog.open(build(tmp_path / "base", texts[:4]), [build(tmp_path / "mine", texts[4:])])
    one, two = peers.of(whole), peers.of(layered)

    def seen(catalog: Catalog, table: peers.Peers) -> dict[str, set[Indicator]]:
        return {
            catalog.rule(handle).title: {table.voted[at].indicator for at in table.excluded[number]}
            for handle, number in table.number.items()
        }

    def votes(catalog: Catalog, table: peers.Peers) -> dict[Indicator, tuple[list[str], list[str]]]:
        every = {at for number in table.number.values() for at in table.excluded[number]}
        title = {number: catalog.rule(handle).title for handle, number in table.number.items()}
        return {
            vote.indicator: (sorted(title[at] for at in vote.peers), sorted(title[at] for at in vote.alone))
            for vote in map(table.voted.__getitem__, every)
        }

    assert seen(whole, one) == seen(layered, two)
    assert len(seen(whole, one)) == 8
    assert votes(whole, one) == votes(layered, two)
    assert all(two.leaf(indicator) is not None for indicator in votes(whole, one))
    assert two.leaf(Indicator("Image.path", "eq", "c:\\nowhere")) is None
    mine = filtered(900, PARENT, "CommandLine|contains: 'wordy'", filters=(("Image: 'C:\\Program Files\\Vendor\\x.exe'",),))
    assert natives(whole, mine) == natives(layered, mine)
