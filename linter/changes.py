"""What a change touched: files and line ranges between the merge base with a commit and the working tree (or another commit).

Everything comes from the git on this machine and what it has fetched; nothing is fetched here. A file that only moved has no
changed line and is left out.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

Ranges = tuple[tuple[int, int], ...]
_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_GITLINK = b"160000"
_PLAIN_DIFF = (
    "--no-ext-diff", "--no-textconv", "--no-color", "--no-relative", "--find-renames", "--ignore-submodules", "--text",
    "--diff-filter=du",
)  # fmt: skip


class ChangesError(ValueError):
    """What changed can't be told: one line that says why, and which fetch would help."""


class Change(NamedTuple):
    """A file that is there after the change, with `/`, relative to the repository. `old`: its name before, "" for a new one.

    `ranges` are the lines (first, last) that differ, both neighbours where lines went away; empty when it only moved.
    """

    path: str
    old: str
    ranges: Ranges


# what lint asks


def since(ref: str, files: Iterable[str], paths: Sequence[str] = ()) -> dict[str, Ranges]:
    """Those of `files` that differ from the merge base of `ref` and HEAD, with the line ranges that do.

    Files that git does not track (nor ignores) are new. `paths` say in which repository to look (default: where we run).
    ChangesError when there is no git, no repository, no such commit or no common ancestor.
    """
    known: dict[str, Ranges] = {}
    for top in dict.fromkeys(map(toplevel, paths or (".",))):
        base = merge_base(top, ref)
        for change in diff(top, base):
            if change.ranges:
                known[f"{top}/{change.path}"] = change.ranges
        for path in _split(git(top, "ls-files", "-z", "--others", "--exclude-standard")):
            known[f"{top}/{path}"] = ((1, _MANY),)
    return {path: known[whole] for path in files if (whole := _absolute(path)) in known}


_MANY = 1_000_000_000  # an untracked file: every line of it, however many


def _absolute(path: str) -> str:
    """A path as git's top folder is written: links in its folders resolved, `/`."""
    folder, name = os.path.split(path)
    return f"{_resolved(os.path.abspath(folder))}/{name}"  # noqa: PTH100


@lru_cache(maxsize=4096)
def _resolved(folder: str) -> str:
    return os.path.realpath(folder).replace(os.sep, "/").rstrip("/")


# git


def toplevel(path: str) -> str:
    """The top folder of the repository that a path is in. ChangesError when there is none."""
    folder = path if os.path.isdir(path) else os.path.dirname(path) or "."  # noqa: PTH112, PTH120
    if not os.path.isdir(folder):  # noqa: PTH112
        folder = "."
    top = git(folder, "rev-parse", "--show-toplevel").decode("utf-8", "surrogateescape").rstrip("\n")
    if not top:
        raise ChangesError(f"{path} is in a git repository without a working tree")
    return os.path.realpath(top).replace(os.sep, "/").rstrip("/")


def commit(top: str, ref: str) -> str:
    """The hash of a commit. ChangesError, with the fetch to do, when it is not here."""
    if ref and "\0" not in ref:
        found = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        if found.returncode == 0:
            return found.stdout.decode().strip()
    raise ChangesError(f"no commit `{ref}` in this clone{_fetch_of(top, ref)}")


def _fetch_of(top: str, ref: str) -> str:
    """The fetch that would bring a commit, as the end of a message."""
    remotes = git(top, "remote").decode("utf-8", "replace").split()
    remote, _, branch = ref.partition("/")
    if remote not in remotes or not branch:
        remote, branch = "origin", ref
    if remote not in remotes or not re.fullmatch(r"[\w./-]{1,200}", branch) or branch.startswith(("-", "HEAD")):
        return ""
    whole = re.fullmatch(r"[0-9a-f]{7,64}", branch)
    what = branch if whole else f"{branch}:refs/remotes/{remote}/{branch}"
    then = "" if ref.startswith(f"{remote}/") or whole else f" and compare with {remote}/{branch}"
    return f"; fetch it: `git fetch {remote} {what}`{then} (GitHub: `fetch-depth: 0` in actions/checkout)"


def merge_base(top: str, ref: str, head: str = "HEAD") -> str:
    """The last commit that `ref` and `head` have in common. ChangesError when a shallow clone hides it, or there is none."""
    base, tip = commit(top, ref), commit(top, head)
    found = _git(top, "merge-base", base, tip)
    if found.returncode == 0:
        return found.stdout.decode().split()[0]
    if git(top, "rev-parse", "--is-shallow-repository").strip() == b"true":
        raise ChangesError(
            f"this is a shallow clone, and it does not reach back to where {ref} and {head} part; "
            "fetch the rest: `git fetch --unshallow` (GitHub: `fetch-depth: 0` in actions/checkout; GitLab: `GIT_DEPTH: 0`)"
        )
    raise ChangesError(f"{ref} and {head} have no commit in common")


def diff(top: str, base: str, head: str = "", context: int = 0) -> list[Change]:
    """The files of `head` (default: of the working tree) that differ from `base`, sorted by path.

    `context`: unchanged lines that count with each range. Files that are gone, submodules and unmerged files are left out.
    """
    ends = (base, head) if head else (base,)
    entries = _raw(git(top, "diff", "--raw", "-z", "--no-abbrev", *_PLAIN_DIFF, "--end-of-options", *ends))
    patch = git(top, "diff", "--patch", f"--unified={context}", *_PLAIN_DIFF, "--end-of-options", *ends)
    sections = re.split(rb"^diff --git ", patch, flags=re.MULTILINE)[1:]
    changes, at = [], 0
    for path, old, sort, submodule in entries:
        parts = 2 if sort == b"T" else 1  # a file that became a link: one section removes it, one adds it
        body = sections[at + parts - 1] if at + parts <= len(sections) else b""
        at += parts
        if not submodule:
            changes.append(Change(path, old, _ranges(body)))
    return sorted(changes)


def _raw(data: bytes) -> list[tuple[str, str, bytes, bool]]:
    """(path, old path or "", status letter, whether a submodule) of each record of `git diff --raw -z`."""
    parts = iter(data.split(b"\0"))
    out = []
    for head in parts:
        if not head:
            continue
        _, mode, _, _, status = head.split(b" ")
        sort = status[:1]
        old = new = _name(next(parts))
        if sort in (b"R", b"C"):
            new = _name(next(parts))
        out.append((new, "" if sort == b"A" else old, sort, mode == _GITLINK))
    return out


def _ranges(section: bytes) -> Ranges:
    """The line ranges of the hunks of one file's patch. Lines of a file always follow `+`, `-` or a space in a patch."""
    out = []
    for line in section.split(b"\n"):
        found = _HUNK.match(line)
        if found:
            first, count = int(found[3]), int(found[4] or 1)
            out.append((first, first + count - 1) if count else (max(1, first), first + 1))
    return tuple(out)


def blob(top: str, tree: str, path: str) -> bytes | None:
    """A file's bytes at a commit; None when it is not there."""
    found = _git(top, "cat-file", "blob", f"{tree}:{path}")
    return found.stdout if found.returncode == 0 else None


def git(folder: str, *args: str) -> bytes:
    """What git says. ChangesError, in git's own first line, when it refuses."""
    done = _git(folder, *args)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"git {args[0]} failed"]
        raise ChangesError(said[0].removeprefix("fatal: "))
    return done.stdout


def _git(folder: str, *args: str) -> subprocess.CompletedProcess[bytes]:
    env = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_LITERAL_PATHSPECS": "1"}
    try:
        return subprocess.run(["git", "-C", folder, *args], env=env, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    except OSError as error:
        raise ChangesError(f"git can't be run: {error.strerror or error}") from None


def _split(data: bytes) -> list[str]:
    return [_name(part) for part in data.split(b"\0") if part]


def _name(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
