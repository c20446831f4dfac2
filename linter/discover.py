"""Paths → files → Source → dialect. A suffix only decides which files are looked into; content decides what they are."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from linter.dialects import marks, registry
from linter.reading import Unreadable, irregular, load
from linter.source import Source

SUFFIXES: dict[str, tuple[str, ...]] = {
    "sigma": (".yml", ".yaml", ".json"),
    "elastic": (".toml", ".ndjson", ".json"),
    "splunk": (".yml", ".yaml"),
    "kusto": (".yml", ".yaml", ".json", *marks.BARE_KUSTO),
    "yaral": (".yaral", ".yaral2", ".yara-l", ".yl2", ".yara", ".yar"),
}
_UNSUPPORTED = (".bicep", ".tf", ".tf.json", "savedsearches.conf")
_SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", ".jj", ".bzr", "_darcs", "CVS", "node_modules", "__pycache__", ".venv", ".tox", ".nox"}
)


class Look(NamedTuple):
    """What a file turned out to be.

    rule: `dialect` and `source` are set. problem: it would be a rule, or there is no telling, but `problem` says why it
    can't be read; `dialect` is the likely one or "". unsupported: `container` names what is recognised and not read.
    other: no rule, no word about it.
    """

    path: str
    kind: Literal["rule", "problem", "unsupported", "other"]
    dialect: str = ""
    source: Source | None = None
    problem: Unreadable | None = None
    container: str = ""


# paths → files


def find(paths: Sequence[str], ignore: Sequence[str] = (), wanted: str = "auto", root: str = ".") -> list[str | Unreadable]:
    """The files to look into, each once, sorted by path, and the paths that can't be.

    A folder is searched for the suffixes of the wanted dialect; a file named in `paths` is taken whatever its suffix.
    Links to folders are not followed below a named folder (they may be cyclic, and git does not follow them either); named
    pipes, devices, sockets and dead links are passed over, and are a problem only when they are named. `ignore`: patterns
    as in a .gitignore without `!`, relative to the folder `root`; they hold for named files too, because pre-commit names
    every file. Paths come out as given, with `/` and without a leading `./`.
    """
    ignored = ignorer(tuple(ignore), root)
    wants = _wanted_suffixes(wanted)
    files: dict[str, str] = {}
    problems: dict[str, Unreadable] = {}
    for given in paths or (".",):
        path = tidy(given)
        try:
            mode = os.stat(path).st_mode  # noqa: PTH116
        except (OSError, ValueError):
            problem = load(path)
            problems[path] = problem if isinstance(problem, Unreadable) else Unreadable(path, "can't be read")
            continue
        if stat.S_ISDIR(mode):
            for found in _walk(path, wants, ignored):
                if isinstance(found, Unreadable):
                    problems[found.path] = found
                else:
                    files.setdefault(os.path.abspath(found) if len(paths) > 1 else found, found)  # noqa: PTH100
        elif ignored(path):
            continue
        elif stat.S_ISREG(mode):
            files.setdefault(os.path.abspath(path) if len(paths) > 1 else path, path)  # noqa: PTH100
        else:
            problems[path] = irregular(path, mode)
    every: list[str | Unreadable] = [*files.values(), *problems.values()]
    return sorted(every, key=lambda item: item if isinstance(item, str) else item.path)


def tidy(path: str) -> str:
    """A path as it is shown: `/` between its parts, no leading `./`, no doubled `/`."""
    if os.sep != "/":
        path = path.replace(os.sep, "/")
    lead = "//" if os.sep != "/" and path.startswith("//") else "/" if path.startswith("/") else ""
    return (lead + "/".join(part for part in path.split("/") if part not in ("", "."))) or "."


def _wanted_suffixes(wanted: str) -> tuple[str, ...]:
    if wanted != "auto":
        return SUFFIXES[wanted]
    return (*dict.fromkeys(suffix for suffixes in SUFFIXES.values() for suffix in suffixes), *_UNSUPPORTED)


def _walk(top: str, wants: tuple[str, ...], ignored: Callable[[str], bool]) -> Iterator[str | Unreadable]:
    stack = [top]
    while stack:
        folder = stack.pop()
        prefix = "" if folder == "." else folder if folder.endswith("/") else f"{folder}/"
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    path = prefix + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in _SKIPPED_FOLDERS and not ignored(path + "/"):
                            stack.append(path)
                    elif entry.name.lower().endswith(wants) and not ignored(path) and _is_file(entry):
                        yield path
        except OSError as error:
            yield Unreadable(folder, f"the folder can't be read: {error.strerror or error}")


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link to itself
        return False


@lru_cache(maxsize=8)
def ignorer(patterns: tuple[str, ...], root: str = ".") -> Callable[[str], bool]:
    """Whether a path (a folder with a trailing `/`) matches one of the patterns or lies below what does.

    `*` and `?` stop at `/`, `**` does not; a pattern without an inner `/` matches a name at any depth, one with it is relative
    to `root`; one that ends in `/` matches folders alone.
    """
    if not patterns:
        return lambda _: False
    matches = re.compile("|".join(map(_pattern, patterns)), re.IGNORECASE if os.name == "nt" else 0).match
    base = tidy(os.path.abspath(root)).rstrip("/") + "/"  # noqa: PTH100
    relative = root in ("", ".")

    def ignored(path: str) -> bool:
        if relative and not path.startswith(("/", "../")) and path[1:2] != ":":
            return matches(path) is not None
        whole = tidy(os.path.abspath(path)) + ("/" if path.endswith("/") else "")  # noqa: PTH100
        return matches(whole[len(base) :] if whole.startswith(base) else whole.lstrip("/")) is not None

    return ignored


def _pattern(pattern: str) -> str:
    """A regular expression of a pattern: for the path itself, and for everything below it."""
    folder = pattern.endswith("/")
    body = tidy(pattern).strip("/")
    out: list[str] = [] if "/" in body or pattern.startswith("/") else [r"(?:[^/]*/)*"]
    for piece in re.findall(r"\*\*/|/\*\*\Z|\*+|\?|\[[^\]/]+\]|[^*?\[]+|\[", body):
        if piece == "**/":
            out.append(r"(?:[^/]*/)*")
        elif piece == "/**":
            out.append("/")
        elif piece[0] == "*":
            out.append("[^/]*" if piece == "*" else ".*")
        elif piece == "?":
            out.append("[^/]")
        elif piece[0] == "[" and len(piece) > 2:
            inside = piece[1:-1].replace("\\", "\\\\")
            out.append("[^" + inside[1:] + "]" if inside[0] in "!^" else f"[{inside}]")
        else:
            out.append(re.escape(piece))
    if body.endswith("/**"):
        return f"(?:{''.join(out)})"
    end = "/" if folder else r"(?:/|\Z)"
    return f"(?:{''.join(out)}{end})"


# file → dialect


def look(path: str, wanted: str = "auto") -> Look:
    """Reads a file and says what it is; never raises."""
    return judge(path, load(path), wanted)


def judge(path: str, loaded: Source | Unreadable, wanted: str = "auto") -> Look:
    """What a file is, from its text or from why it has none."""
    if isinstance(loaded, Source):
        name = recognise(loaded, wanted)
        if name is not None:
            return Look(path, "rule", name, loaded)
        container = unsupported(loaded)
        return Look(path, "unsupported", container=container) if container else Look(path, "other")
    if loaded.sample is None:
        return Look(path, "problem", "" if wanted == "auto" else wanted, problem=loaded)
    name = recognise(Source(path, loaded.sample), wanted)
    return Look(path, "other") if name is None else Look(path, "problem", name, problem=loaded)


def recognise(source: Source, wanted: str = "auto") -> str | None:
    """The dialect of a text by its content, None when it is no rule; a dialect that is asked for is taken at its word."""
    if wanted != "auto":
        return wanted
    for name in marks.candidates(source):
        if registry.dialect(name).recognises(source):
            return name
    return None


def unsupported(source: Source) -> str:
    """What kind of container of rules a text is that is recognised and not read, else ""."""
    name = source.path.rsplit("/", 1)[-1].lower()
    text = source.text
    if name.endswith(".bicep"):
        return "Bicep" if "Microsoft.SecurityInsights" in text else ""
    if name.endswith((".tf", ".tf.json")):
        return "Terraform" if any(resource in text for resource in _TERRAFORM) else ""
    if name == "savedsearches.conf":
        return "savedsearches.conf" if re.search(r"^\s*search\s*=", text, re.MULTILINE) else ""
    return ""


_TERRAFORM = (
    "azurerm_sentinel_alert_rule", "Microsoft.SecurityInsights", "elasticstack_kibana_security_detection_rule",
    "splunk_saved_searches", "google_chronicle_rule",
)  # fmt: skip


def containers_line(counts: dict[str, int]) -> str:
    """One line for the summary on what was recognised and not read, from counts by container; "" when there is nothing."""
    named = [f"{count} {name} file{'' if count == 1 else 's'}" for name, count in sorted(counts.items()) if count]
    return f"recognised but not read: {', '.join(named)}" if named else ""
