"""`siftlint review` against a GitHub on loopback: nothing lost, nothing said twice, nobody else's words touched."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from linter.review import words
from tests.conftest import Run
from tests.review.conftest import PullRequest
from tests.review.fake import PERSON, Fault
from tests.rules import sigma

BAD = "t9999"
PULL_COMMENTS = r"/pulls/7/comments$"
REVIEWS = r"/pulls/7/reviews$"


def start(pull: PullRequest, count: int = 1) -> None:
    """A base with clean rules, and a head in which each names an unknown technique."""
    for number in range(1, count + 1):
        pull.write(f"rules/{number}.yml", sigma(number))
    pull.base()
    for number in range(1, count + 1):
        pull.write(f"rules/{number}.yml", sigma(number, technique=BAD))
    pull.push()


def test_a_comment_and_a_summary(pull: PullRequest) -> None:
    start(pull)
    done = pull.review()
    assert done.status == 1, done.err
    [comment] = pull.hub.mine()
    assert (comment["path"], comment["line"]) == ("rules/1.yml", 5)
    assert words.marked(comment["body"])
    assert "unknown-technique" in comment["body"]
    [summary] = pull.hub.summaries()
    assert summary.startswith("<!-- siftlint:summary -->\n## siftlint: 1 error")
    assert "1 changed rule: 1 finding that the base has not, on the changed lines." in summary
    assert done.out == ("1 comment posted, 0 edited, 0 removed, 0 resolved, 0 there already, summary posted (3 GET, 2 POST)\n")


def test_the_same_push_again_changes_nothing(pull: PullRequest) -> None:
    start(pull)
    pull.review()
    before = (pull.hub.mine(), pull.hub.summaries())
    done = pull.review()
    assert (pull.hub.mine(), pull.hub.summaries()) == before
    assert done.out.startswith("0 comments posted, 0 edited, 0 removed, 0 resolved, 1 there already, summary unchanged")
    assert pull.hub.count("POST", r"^(?!/graphql)") == 2


def test_only_what_base_has_not(pull: PullRequest) -> None:
    pull.write("rules/1.yml", sigma(1, technique=BAD))
    pull.write("rules/2.yml", sigma(2, technique=BAD))
    pull.base()
    pull.write("rules/1.yml", sigma(1, technique=BAD, title="Another title"))
    pull.write("rules/3.yml", sigma(3))
    pull.push()
    done = pull.review()
    assert done.status == 0
    assert not pull.hub.mine()
    assert not pull.hub.summaries()
    pull.write("rules/3.yml", sigma(3, technique="t9998"))
    pull.push()
    assert pull.review().status == 1
    [summary] = pull.hub.summaries()
    assert "<summary>1 older finding in the touched files</summary>" in summary
    assert len(pull.hub.mine()) == 1


def test_a_moved_rule_is_not_new(pull: PullRequest) -> None:
    text = sigma(1, technique=BAD).replace("id: 7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a0001\n", "")
    pull.write("rules/1.yml", text)
    pull.base()
    pull.repo.git("mv", "rules/1.yml", "rules/moved.yml")
    pull.write("rules/moved.yml", text.replace("level: high", "level: low"))
    pull.push()
    assert pull.review().status == 0
    assert not pull.hub.mine()


def test_fixed_then_removed_and_summary_says_so(pull: PullRequest) -> None:
    start(pull)
    pull.review()
    pull.write("rules/1.yml", sigma(1, title="Fixed"))
    pull.push()
    done = pull.review()
    assert done.status == 0
    assert not pull.hub.comments
    [summary] = pull.hub.summaries()
    assert "## siftlint: nothing to say" in summary
    assert "1 removed" in done.out


def test_a_conversation_is_resolved_not_removed(pull: PullRequest) -> None:
    start(pull)
    pull.review()
    [first] = pull.hub.mine()
    answer = pull.hub.say("Is that so?", path="rules/1.yml", line=5, reply=first["id"])
    pull.write("rules/1.yml", sigma(1, title="Fixed"))
    pull.push()
    done = pull.review()
    assert "1 resolved" in done.out
    assert [one["id"] for one in pull.hub.comments] == [first["id"], answer]
    assert pull.hub.resolved == {first["id"]: pull.hub.login}
    assert words.PAST in first["body"]
    # it comes back: a new comment, for nobody but we resolved the first
    pull.write("rules/1.yml", sigma(1, technique=BAD))
    pull.push()
    pull.review()
    assert len(pull.hub.mine()) == 2


def test_without_the_right_to_resolve_the_text_says_it(pull: PullRequest) -> None:
    start(pull)
    pull.review()
    pull.hub.may_resolve = False
    [first] = pull.hub.mine()
    pull.hub.say("Hm.", path="rules/1.yml", line=5, reply=first["id"])
    pull.write("rules/1.yml", sigma(1, title="Fixed"))
    pull.push()
    for _ in range(2):
        assert pull.review().status == 0
    assert first["body"].count(words.PAST) == 1


def test_what_a_person_resolved_stays_so(pull: PullRequest) -> None:
    start(pull)
    pull.review()
    [first] = pull.hub.mine()
    pull.hub.resolved[first["id"]] = PERSON
    pull.write("rules/1.yml", "# a comment above\n" + sigma(1, technique=BAD))
    pull.push()
    done = pull.review()
    assert done.status == 1
    assert pull.hub.mine() == [first]
    assert "Resolved by a person, not said again (1)" in pull.hub.summaries()[0]


def test_others_are_left_alone_whatever_they_say(pull: PullRequest) -> None:
    start(pull)
    pull.review()
    [mine] = pull.hub.mine()
    mark = mine["body"].splitlines()[0]
    pull.hub.comments.clear()
    forged = pull.hub.say(f"{mark}\nI am siftlint", path="rules/1.yml", line=5)
    pull.hub.resolved[forged] = PERSON
    gone = pull.hub.say("<!-- siftlint:finding 0123456789abcdef -->\nold", path="rules/1.yml", line=None)
    below = pull.hub.say("<!-- siftlint:summary -->\n## siftlint: all is well")
    pull.review()
    assert {forged, gone} <= {one["id"] for one in pull.hub.comments}
    assert below in {one["id"] for one in pull.hub.below}
    assert len(pull.hub.mine()) == 1  # the forged and resolved one silences nothing
    assert len(pull.hub.summaries()) == 1


def test_a_person_with_the_name_of_an_app_is_not_it(pull: PullRequest) -> None:
    start(pull)
    pull.review()
    namesake = pull.hub.login.removesuffix("[bot]")
    below = pull.hub.say("<!-- siftlint:summary -->\n## siftlint: all is well", by=namesake)
    there = pull.hub.say("<!-- siftlint:finding 0123456789abcdef -->\nold", by=namesake, path="rules/1.yml", line=5)
    pull.review()
    assert below in {one["id"] for one in pull.hub.below}
    assert there in {one["id"] for one in pull.hub.comments}


def test_an_outdated_comment_is_made_anew(pull: PullRequest) -> None:
    start(pull)
    pull.review()
    [first] = pull.hub.mine()
    first["line"] = None
    pull.review()
    [second] = pull.hub.mine()
    assert second["id"] != first["id"]


def test_a_changed_text_is_edited(pull: PullRequest) -> None:
    start(pull)
    pull.review()
    [first] = pull.hub.mine()
    first["body"] = first["body"].replace("unknown", "UNKNOWN", 1)
    assert "1 edited" in pull.review().out
    assert "UNKNOWN" not in pull.hub.mine()[0]["body"]
    assert pull.hub.mine()[0]["id"] == first["id"]


def test_at_most_so_many(pull: PullRequest) -> None:
    start(pull, 5)
    pull.review("--max-comments", "3")
    assert len(pull.hub.mine()) == 3
    [summary] = pull.hub.summaries()
    assert "### More than fit as comments (2)" in summary
    assert "rules/5.yml" in summary
    pull.review("--max-comments", "3")
    assert len(pull.hub.mine()) == 3
    pull.review("--max-comments", "0")
    assert len(pull.hub.mine()) == 3  # what is there stays


def test_off_the_diff(pull: PullRequest) -> None:
    filler = "".join(f"# line {number}\n" for number in range(40))
    text = sigma(1).replace("level: high\n", f"{filler}level: high\n")
    pull.write("rules/1.yml", text)
    pull.base()
    pull.write("rules/1.yml", text.replace("condition: selection", "condition: 1 of them").replace("level: high", "level: low"))
    pull.write("rules/1.yml", text.replace("t1105", BAD).replace("# line 39\n", "# line thirty-nine\n"))
    pull.push()
    real = pull.hub.hunks
    pull.hub.hunks = lambda path: [(30, 60)]  # GitHub's diff is not ours: it refuses the line
    done = pull.review()
    assert done.status == 1
    assert not pull.hub.mine()
    [summary] = pull.hub.summaries()
    assert "### Outside the diff (1)" in summary
    assert "https://github.example/team/rules/blob/" in summary
    assert "went to the summary" in done.out
    pull.hub.hunks = real


def test_one_faulty_comment_does_not_keep_the_others(pull: PullRequest) -> None:
    start(pull, 4)
    real = pull.hub.hunks
    pull.hub.hunks = lambda path: [] if path == "rules/2.yml" else real(path)
    pull.review()
    assert [one["path"] for one in pull.hub.mine()] == ["rules/1.yml", "rules/3.yml", "rules/4.yml"]
    assert "### Outside the diff (1)" in pull.hub.summaries()[0]


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("status", [500, 502, 0])
@pytest.mark.parametrize("path", [REVIEWS, r"/issues/7/comments$"])
def test_a_failed_post_is_made_once(pull: PullRequest, path: str, status: int, done: bool) -> None:
    """GitHub fails after (or before) it did what it was asked to."""
    start(pull, 3)
    pull.hub.faults.append(Fault("POST", path, status, done=done))
    assert pull.review().status == 1
    assert sorted(one["path"] for one in pull.hub.mine()) == ["rules/1.yml", "rules/2.yml", "rules/3.yml"]
    assert len(pull.hub.summaries()) == 1
    assert len(pull.waits) == 1


def test_a_failed_single_post_is_made_once(pull: PullRequest) -> None:
    start(pull, 3)
    pull.hub.faults += [Fault("POST", REVIEWS, 422), Fault("POST", PULL_COMMENTS, 502, done=True)]
    pull.review()
    assert sorted(one["path"] for one in pull.hub.mine()) == ["rules/1.yml", "rules/2.yml", "rules/3.yml"]


def test_every_rate_limit_is_waited_for(pull: PullRequest) -> None:
    start(pull)
    soon = str(int(time.time()) + 20)
    pull.hub.faults += [
        Fault("GET", r"/pulls/7$", 429, {"Retry-After": "7"}),
        Fault("GET", PULL_COMMENTS.rstrip("$"), 403, {"Retry-After": "3"}, "You have exceeded a secondary rate limit."),
        Fault("POST", REVIEWS, 403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": soon}, "API rate limit exceeded"),
        Fault("POST", r"/issues/7/comments$", 429, {"Retry-After": "2"}, times=2),
    ]
    assert pull.review().status == 1
    assert len(pull.hub.mine()) == len(pull.hub.summaries()) == 1
    assert sorted(round(wait) for wait in pull.waits if wait < 10) == [2, 2, 3, 7]
    assert 15 <= max(pull.waits) <= 25


def test_too_long_a_wait_ends_the_run(pull: PullRequest) -> None:
    start(pull)
    pull.hub.faults.append(Fault("GET", r"/pulls/7$", 429, {"Retry-After": "3600"}))
    done = pull.review()
    assert done.status == 3
    assert "asks to wait 3600 seconds" in done.err
    assert not pull.waits


def test_reads_and_edits_are_repeated(pull: PullRequest) -> None:
    start(pull)
    pull.review()
    pull.write("rules/1.yml", sigma(1, title="Fixed"))
    pull.push()
    pull.hub.faults += [
        Fault("GET", r"/issues/7/comments", 503, times=2),
        Fault("DELETE", r"/pulls/comments/", 502, done=True),
        Fault("PATCH", r"/issues/comments/", 500),
        Fault("POST", r"/graphql", 502),
    ]
    assert pull.review().status == 0
    assert not pull.hub.mine()
    assert "nothing to say" in pull.hub.summaries()[0]


def test_github_is_down(pull: PullRequest) -> None:
    start(pull)
    pull.hub.faults.append(Fault("POST", REVIEWS, 500, times=99))
    done = pull.review()
    assert done.status == 3
    assert "run the job again" in done.err
    assert sum(pull.waits) < 120
    pull.hub.faults.clear()
    assert pull.review().status == 1
    assert len(pull.hub.mine()) == 1


def test_a_token_without_rights(pull: PullRequest) -> None:
    start(pull)
    pull.hub.rights = False
    done = pull.review()
    assert done.status == 1
    assert "nothing was posted" in done.err
    assert "pull-requests: write" in done.err
    assert "comment on rules/1.yml:5" in done.out  # nothing is lost
    assert "  | ## siftlint: 1 error" in done.out
    assert not pull.hub.mine()


def test_a_bad_token_and_no_pull_request(pull: PullRequest) -> None:
    start(pull)
    pull.hub.faults.append(Fault("GET", r"/pulls/7$", 401, message="Bad credentials"))
    done = pull.review()
    assert done.status == 1
    assert "the token is not valid" in done.err
    pull.hub.faults.append(Fault("GET", r"/pulls/7$", 404, message="Not Found"))
    assert "no pull request 7 in team/rules" in pull.review().err


def test_many_pages(pull: PullRequest) -> None:
    start(pull)
    pull.hub.page = 2
    for number in range(5):
        pull.hub.say(f"word {number}", path="rules/1.yml", line=5)
        pull.hub.say(f"word {number}")
    pull.review()
    pull.review()
    assert len(pull.hub.mine()) == len(pull.hub.summaries()) == 1


def test_without_graphql(pull: PullRequest) -> None:
    """An old server: nobody can be told to have resolved anything, and the rest works."""
    start(pull)
    pull.hub.graphql = False
    pull.review()
    pull.review()
    assert len(pull.hub.mine()) == len(pull.hub.summaries()) == 1


def test_a_newer_push_is_there(pull: PullRequest) -> None:
    start(pull)
    pull.hub.head = "f" * 40
    done = pull.review()
    assert "a newer push (fffffff)" in done.err
    assert not pull.hub.comments


def test_a_second_summary_goes(pull: PullRequest) -> None:
    start(pull)
    pull.review()
    pull.hub.say(pull.hub.summaries()[0], by=pull.hub.login)
    pull.review()
    assert len(pull.hub.summaries()) == 1


def test_two_jobs_for_two_folders(pull: PullRequest) -> None:
    for folder in ("a", "b"):
        pull.write(f"{folder}/1.yml", sigma(1 if folder == "a" else 2))
    pull.base()
    for folder in ("a", "b"):
        pull.write(f"{folder}/1.yml", sigma(1 if folder == "a" else 2, technique=BAD))
    pull.push()
    pull.review("a")
    pull.review("b")
    assert [one["path"] for one in pull.hub.mine()] == ["a/1.yml", "b/1.yml"]


def test_dry_run_sends_nothing(pull: PullRequest) -> None:
    start(pull)
    done = pull.review("--dry-run")
    assert done.status == 1
    assert not pull.hub.requests
    assert done.out.startswith("comment on rules/1.yml:5\n  | <!-- siftlint:finding ")
    assert "\nsummary\n  | <!-- siftlint:summary -->\n" in done.out


def test_dry_run_anywhere(here: Path, pull: PullRequest, siftlint: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    start(pull)
    for name in ("GITHUB_EVENT_PATH", "GITHUB_REPOSITORY", "GITHUB_TOKEN"):
        monkeypatch.delenv(name)
    assert siftlint("review").status == 2
    assert "--changed-since REF" in siftlint("review", "--dry-run").err
    done = siftlint("review", "--dry-run", "--changed-since", "main", "--fail-on", "never")
    assert done.status == 0
    assert "comment on rules/1.yml" in done.out


def test_head_is_linted_not_what_is_checked_out(pull: PullRequest) -> None:
    start(pull)
    pull.repo.git("checkout", "-q", "main")  # as for pull_request_target
    assert pull.review().status == 1
    assert len(pull.hub.mine()) == 1


def test_a_merge_commit_is_checked_out(pull: PullRequest) -> None:
    start(pull)
    pull.repo.git("checkout", "-q", "main")
    pull.write("rules/1.yml", "# above\n# above\n" + sigma(1))
    pull.repo.commit("theirs")
    pull.repo.git("merge", "-q", "--no-ff", "-m", "merge", "feature")
    assert pull.review().status == 1
    assert pull.hub.mine()[0]["line"] == 5  # a line of head, not of the merge


def test_a_clone_that_lacks_the_base(pull: PullRequest, tmp_path_factory, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    start(pull)
    clone = tmp_path_factory.mktemp("clone") / "c"
    url = pull.repo.folder.as_uri()
    subprocess.run(["git", "clone", "-q", "--depth", "1", "--branch", "feature", url, str(clone)], check=True)
    monkeypatch.chdir(clone)
    done = pull.review()
    assert done.status == 2
    assert "fetch-depth: 0" in done.err


def test_our_own_fault_removes_nothing(pull: PullRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    start(pull, 2)
    pull.review()
    from linter import engine

    real = engine.lint_look

    def broken(seen, options, load):
        if seen.path == "rules/1.yml":
            raise RuntimeError("broken")
        return real(seen, options, load)

    monkeypatch.setattr(engine, "lint_look", broken)
    done = pull.review()
    assert done.status == 3
    assert len(pull.hub.mine()) == 2
    assert "Not linted" in pull.hub.summaries()[0]


def test_without_pygithub(pull: PullRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    start(pull)
    monkeypatch.setitem(sys.modules, "github", None)
    done = pull.review()
    assert done.status == 3
    assert "pip install 'siftlint[review]'" in done.err
    assert pull.review("--dry-run").status == 1


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("GITHUB_REPOSITORY", "a/b/c", "not owner/name"),
        ("GITHUB_REPOSITORY", "../x", "not owner/name"),
        ("GITHUB_API_URL", "file:///etc", "no address"),
        ("GITHUB_EVENT_PATH", "/nonexistent", "No such file"),
        ("GITHUB_TOKEN", "", "no token"),
    ],
)
def test_a_job_that_says_something_impossible(pull: PullRequest, monkeypatch, name: str, value: str, says: str) -> None:
    start(pull)
    monkeypatch.setenv(name, value)
    done = pull.review()
    assert done.status in (2, 3)
    assert says in done.err


def test_a_fix_is_a_suggestion(pull: PullRequest) -> None:
    pull.write("rules/1.yml", sigma(1))
    pull.base()
    pull.write("rules/1.yml", sigma(1, technique="t1100"))  # revoked; its place was taken
    pull.push()
    pull.review()
    [comment] = pull.hub.mine()
    assert "```suggestion\n  - attack.t1505.003\n```" in comment["body"]
    assert comment["line"] == 5


def test_no_fix_for_what_is_not_on_disk(pull: PullRequest) -> None:
    pull.write("rules/1.yml", sigma(1))
    pull.base()
    pull.write("rules/1.yml", sigma(1, technique="t1100"))
    pull.push()
    pull.write("rules/1.yml", "# moved down\n\n" + sigma(1, technique="t1100"))
    pull.review()
    [comment] = pull.hub.mine()
    assert "suggestion" not in comment["body"]


def test_an_enterprise_server(pull: PullRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    start(pull)
    monkeypatch.setenv("GITHUB_API_URL", f"{pull.hub.url}/api/v3")
    real = pull.hub.answer
    asked: list[str] = []

    def answer(verb: str, path: str, body: object) -> object:
        asked.append(path)
        return real(verb, path.removeprefix("/api/v3").removeprefix("/api"), body)

    monkeypatch.setattr(pull.hub, "answer", answer)
    pull.review()
    pull.review()
    assert all(path.startswith("/api/v3/repos/team/rules/") or path == "/api/graphql" for path in asked)
    assert "/api/graphql" in asked
    assert len(pull.hub.mine()) == len(pull.hub.summaries()) == 1
