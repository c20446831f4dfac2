"""The noise score: its reasons, its order, its range."""

from __future__ import annotations

import pytest

from linter.catalog.load import Catalog
from linter.catalog.noise import LIFT, TOP_LIFT, Noise, noise
from linter.dialects import registry
from linter.rule import Rule
from linter.source import Source
from tests.checks.corpus import catalog as build
from tests.filtered import filtered

SHELL = "Image|endswith: '\\cmd.exe'"
AWS = "{product: aws, service: cloudtrail}"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """A hundred rules look for a shell."""
    return Catalog.open(
        build(tmp_path_factory.mktemp("catalog"), [filtered(n, SHELL, f"CommandLine|contains: 'w{n}'") for n in range(100)])
    )


def read(text: str) -> Rule:
    return registry.dialect("sigma").read(Source("rule.yml", text)).rules[0]


def score(catalog: Catalog, text: str) -> Noise:
    found = noise(read(text), catalog)
    assert found is not None
    return found


def test_order(catalog: Catalog) -> None:
    tuned = tuple((f"Image|startswith: 'C:\\Program Files\\{n}\\'",) for n in range(6))
    quiet = score(catalog, filtered(900, "Image|endswith: '\\vendortool.exe'", title="HackTool - Vendortool Execution"))
    plain = score(catalog, filtered(901, SHELL))
    loud = score(catalog, filtered(902, SHELL, filters=tuned, title="Uncommon Child Process"))
    cloud = score(catalog, filtered(903, "eventName: DeleteTrail", source=AWS))
    assert cloud.value < plain.value < loud.value
    assert quiet.value < plain.value
    assert quiet.lift <= plain.lift <= loud.lift


def test_reasons_add_up(catalog: Catalog) -> None:
    found = score(catalog, filtered(904, SHELL, filters=(("Image|endswith: '\\chrome.exe'",),), title="Renamed Shell"))
    assert found.points == pytest.approx(sum(reason.points for reason in found.reasons), abs=0.001)
    assert 0 < found.value < 1
    texts = [reason.text for reason in found.reasons]
    assert "it has been tuned before" in texts
    assert "reads Windows events" in texts
    assert found.sentence()


def test_the_rule_itself_does_not_count(catalog: Catalog) -> None:
    text = filtered(3, SHELL, "CommandLine|contains: 'w3'")
    rule = read(text)
    assert noise(rule, catalog, catalog.related_to(rule)) != noise(rule, catalog)


def test_nothing_without_conditions(catalog: Catalog) -> None:
    assert noise(read(filtered(905, SHELL))._replace(trees=()), catalog) is None


def test_lift_rises() -> None:
    lifts = [lift for _, lift in LIFT]
    assert lifts == sorted(lifts)
    assert lifts[-1] < TOP_LIFT
