"""Carries a plan out. What GitHub already has of ours is read first, so that nothing is posted twice and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from linter.reporters.text import count
from linter.review import words
from linter.review.hub import TRIES, Denied, Hub, Refused, Uncertain
from linter.review.place import ReviewError
from linter.review.plan import Existing, Plan, Post

BOT = "github-actions[bot]"  # who comments are by when they are made with a job's own token

_STATE = """
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  viewer { login }
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 100, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { id isResolved resolvedBy { login } comments(first: 1) { nodes { databaseId } } }
      }
    }
  }
}
"""
_RESOLVE = "mutation($thread: ID!) { resolveReviewThread(input: {threadId: $thread}) { thread { isResolved } } }"


class Present(NamedTuple):
    """What of ours is on the pull request: comments on lines, summaries (id, text), by `login`."""

    comments: tuple[Existing, ...] = ()
    summaries: tuple[tuple[int, str], ...] = ()
    login: str = ""


class Done(NamedTuple):
    """What was done, in numbers; `problems` are sentences on what could not be."""

    posted: int = 0
    edited: int = 0
    resolved: int = 0
    removed: int = 0
    summary: str = ""
    problems: tuple[str, ...] = ()


# what is there


def present(hub: Hub) -> Present:
    """Our comments and summaries. Others' are never in it, whatever they say."""
    on_lines, below = hub.review_comments(), hub.comments()
    if not any(words.marked(_body(one)) for one in on_lines) and not any(words.is_summary(_body(one)) for one in below):
        return Present()
    login, threads = _threads(hub)
    replies = {one.get("in_reply_to_id") for one in on_lines if not _by(one, login)}
    comments = []
    for one in on_lines:
        mark = words.marked(_body(one))
        if mark and _by(one, login) and not one.get("in_reply_to_id"):
            thread, resolved, by = threads.get(one["id"], ("", False, ""))
            comments.append(
                Existing(
                    one["id"],
                    mark,
                    str(one.get("path") or ""),
                    one.get("line"),
                    _body(one),
                    one["id"] in replies,
                    thread,
                    resolved,
                    resolved and by not in ("", _bare(login)),
                )
            )
    summaries = tuple((one["id"], _body(one)) for one in below if words.is_summary(_body(one)) and _by(one, login))
    return Present(tuple(comments), summaries, login)


def _threads(hub: Hub) -> tuple[str, dict[int, tuple[str, bool, str]]]:
    """Our login, and (id, resolved, by whom) of each conversation, by its first comment."""
    owner, _, name = hub.place.repo.partition("/")
    found: dict[int, tuple[str, bool, str]] = {}
    login, after = BOT, None
    try:
        while True:
            variables = {"owner": owner, "name": name, "number": hub.place.number, "after": after}
            data = hub.graph(_STATE, variables)
            login = str(data["viewer"]["login"])
            threads = data["repository"]["pullRequest"]["reviewThreads"]
            for node in threads["nodes"]:
                first = node["comments"]["nodes"][:1]
                if first and first[0]["databaseId"]:
                    by = _bare((node.get("resolvedBy") or {}).get("login") or "")
                    found[first[0]["databaseId"]] = (node["id"], bool(node["isResolved"]), by)
            if not threads["pageInfo"]["hasNextPage"]:
                return login, found
            after = threads["pageInfo"]["endCursor"]
    except (Denied, KeyError, TypeError):  # an old server, a narrow token: then nobody can be said to have resolved anything
        return login, found


def _bare(login: str) -> str:
    """A login as GraphQL has it for who resolved a conversation: without the `[bot]` of an app."""
    return login.removesuffix("[bot]")


def _by(comment: dict[str, Any], login: str) -> bool:
    """Whether a comment is by a login. A person who took an app's name is not that app."""
    user = comment.get("user")
    name = str(user.get("login") or "") if isinstance(user, dict) else ""
    return name == login or (name.endswith("[bot]") and _bare(name) == login)


def _body(comment: dict[str, Any]) -> str:
    return str(comment.get("body") or "")


# what is done


def carry_out(hub: Hub, plan: Plan, seen: Present, commit: str, summary: Callable[[Plan], str]) -> Done:
    """Does it all, in an order in which a run that is cut short leaves nothing said twice. Denied when nothing may be done."""
    plan, posted, problems = _comments(hub, plan, seen, commit)
    edited = resolved = removed = 0
    said = ""
    for one, body in plan.edits:
        try:
            hub.edit_review_comment(one.id, body)
            edited += 1
        except (Denied, Refused) as error:
            problems.append(str(error))
    for one in plan.drops:
        try:
            if _retire(hub, one):
                resolved += 1
            else:
                removed += 1
        except (Denied, Refused) as error:
            problems.append(str(error))
    try:
        said = _summary(hub, summary(plan), seen.summaries)
    except Denied as error:
        if not (posted or edited or resolved or removed):
            raise
        problems.append(str(error))
    return Done(posted, edited, resolved, removed, said, tuple(dict.fromkeys(problems)))


def _comments(hub: Hub, plan: Plan, seen: Present, commit: str) -> tuple[Plan, int, list[str]]:
    """Posts the comments: all at once, and one by one when GitHub finds one faulty."""
    left = list(plan.posts)
    refused: list[Post] = []
    problems: list[str] = []
    alone = False
    for attempt in range(TRIES):
        try:
            while left:
                batch = left[:1] if alone else left
                try:
                    if alone:
                        hub.comment_on(commit, _payload(batch[0]))
                    else:
                        hub.review(commit, [_payload(post) for post in batch])
                except Refused as error:
                    if not alone:
                        alone = True
                        continue
                    refused += batch
                    problems.append(f"{batch[0].path}:{batch[0].line} went to the summary: {error}")
                left = left[len(batch) :]
            return plan.refused(refused), len(plan.posts) - len(refused), problems
        except Uncertain as error:
            hub.pause(min(30.0, 2.0**attempt), str(error))
            there = _landed(hub, seen)
            left = [post for post in left if post.finding.fingerprint not in there]
    if left:
        raise ReviewError(f"{count(len(left), 'comment')} could not be posted: GitHub fails; run the job again")
    return plan.refused(refused), len(plan.posts) - len(refused), problems


def _landed(hub: Hub, seen: Present) -> set[str]:
    """The fingerprints of our comments that were not there when we began."""
    known = {one.id for one in seen.comments}
    fresh = [one for one in hub.review_comments() if words.marked(_body(one)) and one["id"] not in known]
    login = (seen.login or _threads(hub)[0]) if fresh else ""
    return {words.marked(_body(one)) for one in fresh if _by(one, login)}


def _payload(post: Post) -> dict[str, Any]:
    lines: dict[str, Any] = {"line": post.line, "side": "RIGHT"}
    if post.start < post.line:
        lines = {"start_line": post.start, "start_side": "RIGHT", **lines}
    return {"path": post.path, "body": post.body, **lines}


def _retire(hub: Hub, one: Existing) -> bool:
    """Takes back a comment whose finding is gone: removes it, or resolves a conversation that others had (true)."""
    if not one.replied:
        hub.drop_review_comment(one.id)
        return False
    body = words.past(one.body)
    if body != one.body:
        hub.edit_review_comment(one.id, body)
    if one.thread:
        try:
            hub.graph(_RESOLVE, {"thread": one.thread})
        except Denied:  # it takes write access to the contents: the text says it too
            return True
    return True


def _summary(hub: Hub, body: str, there: Sequence[tuple[int, str]]) -> str:
    """Makes, replaces or leaves the summary; a second one is removed. What was done, in one word."""
    for id, _ in there[1:]:
        hub.drop_comment(id)
    if there:
        if _same(there[0][1], body):
            return "unchanged"
        hub.edit_comment(there[0][0], body)
        return "updated"
    if not body:
        return ""
    for attempt in range(TRIES):
        try:
            hub.comment(body)
            return "posted"
        except Uncertain as error:
            hub.pause(min(30.0, 2.0**attempt), str(error))
            if any(_same(_body(one), body) for one in hub.comments()):
                return "posted"
    raise ReviewError("the summary could not be posted: GitHub fails; run the job again")


def _same(left: str, right: str) -> bool:
    return left.replace("\r\n", "\n").strip() == right.replace("\r\n", "\n").strip()
