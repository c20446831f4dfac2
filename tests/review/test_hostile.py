"""Every attempt of a stranger's text, through a review: what reaches GitHub, and what the job prints."""

from __future__ import annotations

import json
import re

import pytest

from linter.finding import Edit, Evidence, Fix, RuleRef
from linter.reporters.edits import LineReplacement
from linter.review import words
from linter.review.words import Offer
from linter.source import Source
from tests.hostile_text import HIDDEN, every_attempt, no_command, only_words, page
from tests.reporters.sample import COMMON
from tests.review.conftest import PullRequest
from tests.rules import sigma


def bodies(text: str, offer: Offer | None = None) -> tuple[str, str]:
    """(a comment, an entry of the summary) on a finding that holds a text wherever a stranger's can stand."""
    rules = (RuleRef("sigma", text, text, f"https://example.org/{text}", text), RuleRef("elastic", "", text, text))
    fixes = (Fix("unsafe", f"write {text}", ()), Fix("display", text, ()))
    finding = COMMON._replace(
        path=text or "x",
        rule_title=text,
        rule_id=text,
        message=f"`{text}` {text}",
        evidence=Evidence(1, 2, 1, 1, rules),
        fixes=fixes,
    )
    return words.comment(finding, offer), words.line(finding, "https://github.example/team/rules", "a" * 40, text)


@every_attempt
def test_a_comment_is_words(text: str) -> None:
    comment, entry = bodies(text)
    like_comment, like_entry = bodies("harmless words")
    usual = 0 < len(text.strip()) < 1000
    only_words(comment, like_comment if usual else "", comments=1)
    only_words(entry, like_entry if usual else "")
    assert words.marked(comment) == COMMON._replace(rule_id=text, path=text or "x").fingerprint
    assert not words.is_summary(comment)
    assert len(comment) < 65_536


@every_attempt
def test_a_suggestion_is_one_block_or_none(text: str) -> None:
    source = Source("x", f"first\n{text}\nlast\n")
    fix = Fix("safe", "write it", (Edit(0, 5, text),))
    offer = words.offer(COMMON._replace(fixes=(fix,)), source, ((1, 100),))
    if offer is None:
        return
    comment, _ = bodies("harmless words", offer)
    found = page(comment)
    assert [tag for tag, _ in found.tags if tag == "pre"] == ["pre"]
    assert len(found.comments) == 1
    block = re.search(r"^(`{3,})suggestion\n(.*?)^\1$", comment, re.MULTILINE | re.DOTALL)
    assert block is not None
    assert block[2].rstrip("\n") == offer.change.text.rstrip("\n")  # what is applied is what is meant, and what is seen
    assert not HIDDEN.search(block[2])


def test_a_suggestion_that_removes_lines() -> None:
    fix = Fix("safe", "drop it", (Edit(0, 6, ""),))
    source = Source("x", "first\nsecond\n")
    assert words.offer(COMMON._replace(fixes=(fix,)), source, ((1, 2),)) == Offer(fix, LineReplacement(1, 1, ""))
    assert words.offer(COMMON._replace(fixes=(fix,)), source, ((2, 9),)) is None


@every_attempt
def test_a_review_of_such_a_rule(pull: PullRequest, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if len(text) > 1000:
        pytest.skip("see above")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    quoted = json.dumps(text.encode("utf-8", "replace").decode())
    rule = sigma(1, technique="t9999").replace("title: Download by certutil", f"title: {quoted}")
    rule = rule.replace("'urlcache'", quoted).replace("tags:", f"author: {quoted}\ntags:")
    name = re.sub(r"[\x00/\ud800-\udfff\ufffe\uffff]", "_", text)[:60].strip(". ") or "x"
    pull.write("clean.yml", sigma(2))
    pull.base()
    try:
        pull.write(f"{name}.yml", rule)
    except OSError:  # Windows takes few names
        pull.write("x.yml", rule)
    pull.push()
    dry = pull.review("--dry-run")
    done = pull.review()
    for out in (dry.out, dry.err, done.out, done.err):
        no_command(out)
        assert not HIDDEN.search(out)
    assert done.status == 1, done.err
    [comment] = pull.hub.mine()
    [summary] = pull.hub.summaries()
    only_words(comment["body"], "", comments=1)
    only_words(summary, "", comments=1)
    assert words.is_summary(summary)
    again = pull.review()
    assert "1 there already, summary unchanged" in again.out
