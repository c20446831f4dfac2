"""Every request of a review, held against GitHub's own descriptions: a mock server of its OpenAPI, and its GraphQL schema."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.npm import installed, needs_npm
from tests.review.conftest import PullRequest
from tests.review.fake import PERSON, Fault
from tests.review.judge import Judge
from tests.rules import sigma

pytestmark = [pytest.mark.oracle, needs_npm]
BAD = "t9999"


def test_the_mock_knows_a_faulty_request(judge: Judge) -> None:
    mine = Judge(judge.url)
    mine("POST", "/repos/team/rules/pulls/7/comments", {"body": "x", "path": "x", "line": "five", "commit_id": "a"})
    mine("POST", "/repos/team/rules/issues/7/comments", {"text": "x"})
    mine("POST", "/repos/team/rules/pulls/7/reviews", {"event": "SHOUT"})
    mine("GET", "/repos/team/rules/nowhere", None)
    assert len(mine.wrong) == 4


def test_a_whole_life_of_a_pull_request(pull: PullRequest, judge: Judge) -> None:
    """Posts at once and one by one, edits, removals, answers, a summary made, replaced and doubled, several pages."""
    for number in range(1, 6):
        pull.write(f"rules/{number}.yml", sigma(number))
    pull.base()
    for number in range(1, 6):
        pull.write(f"rules/{number}.yml", sigma(number, technique=BAD))
    pull.write("rules/1.yml", sigma(1, technique="t1100"))  # with a suggestion
    pull.push()
    hub = pull.hub
    hub.page = 2
    hub.faults.append(Fault("POST", "/reviews$", 502, done=True))
    assert pull.review().status == 1
    hub.mine()[0]["body"] += "edited"
    hub.say("Is that so?", path="rules/2.yml", line=5, reply=hub.mine()[1]["id"])
    hub.resolved[hub.mine()[2]["id"]] = PERSON
    hub.say(hub.summaries()[0], by=hub.login)
    for number in (2, 4):
        pull.write(f"rules/{number}.yml", sigma(number, title="Fixed"))
    pull.write("rules/6.yml", sigma(6, technique=BAD))
    pull.push()
    hub.faults.append(Fault("POST", "/reviews$", 422))
    assert pull.review().status == 1
    assert pull.review().status == 1
    sent = {re_verb: hub.count(re_verb) for re_verb in ("GET", "POST", "PATCH", "DELETE")}
    print(f"\n{len(judge.asked)} REST requests valid: {sent}, {hub.count('POST', 'graphql')} of the POSTs GraphQL")
    assert judge.wrong == []
    assert min(sent.values()) > 0
    assert {request.split("?")[0].split("/rules/")[1].strip("0123456789") for request in judge.asked} >= {
        "pulls/7", "pulls/7/comments", "issues/7/comments", "pulls/7/reviews", "pulls/comments/", "issues/comments/",
    } - {"pulls/7"}  # fmt: skip


def test_graphql_is_valid() -> None:
    from linter.review import post

    folder = installed()
    script = (
        "const g = require('graphql'), fs = require('fs');"
        "const schema = g.buildSchema(fs.readFileSync(process.argv[1], 'utf8'), {assumeValidSDL: true});"
        "const found = JSON.parse(fs.readFileSync(0, 'utf8')).flatMap(q => g.validate(schema, g.parse(q)).map(String));"
        "console.log(JSON.stringify(found));"
    )
    schema = folder / "@octokit" / "graphql-schema" / "schema.graphql"
    for queries, wrong in (([post._STATE, post._RESOLVE], 0), ([post._STATE.replace("isResolved", "isSolved")], 1)):
        done = subprocess.run(
            ["node", "-e", script, str(schema)], cwd=folder.parent, input=json.dumps(queries), capture_output=True,
            encoding="utf-8", timeout=120, check=True,
        )  # fmt: skip
        assert len(json.loads(done.stdout)) == wrong
