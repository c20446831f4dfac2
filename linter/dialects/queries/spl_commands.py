"""The commands of SPL: what each does to a pipeline's conditions, sources and columns."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from linter.dialects.queries.core import QueryError, Token
from linter.dialects.queries.spl_assign import AssignmentParser
from linter.dialects.queries.spl_columns import Columns
from linter.dialects.queries.spl_eval import EvalParser
from linter.dialects.queries.spl_search import SearchParser
from linter.dialects.queries.spl_text import Command, plain, tokens, unquoted
from linter.rule import Not

if TYPE_CHECKING:
    from linter.dialects.queries.spl import Pipeline

_GEO = ("City", "Country", "Region", "lat", "lon", "Continent", "MetroCode", "Timezone")
_GROUPS = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")


def _search(pipe: Pipeline, command: Command) -> None:
    pipe.filter(tokens("search", pipe.text, command))


def _where(pipe: Pipeline, command: Command) -> None:
    pipe.add(EvalParser(tokens("eval", pipe.text, command), pipe, pipe.text, pipe.depth).expression())


def _eval(pipe: Pipeline, command: Command) -> None:
    parser = AssignmentParser(tokens("eval", pipe.text, command), pipe, pipe.text, pipe.depth)
    for name, copied, choice in parser.assignments():
        if copied is not None:
            pipe.columns.alias(name, copied)
        elif choice is not None:
            pipe.columns.choose(name, pipe.chosen(choice))
        else:
            pipe.columns.compute((name,))


def _names(here: list[Token]) -> list[str]:
    """The names in a list of fields; `option=value` and signs are passed over."""
    found: list[str] = []
    at = 0
    while at < len(here):
        token = here[at]
        if at + 1 < len(here) and here[at + 1].kind == "op":
            at += 3
            continue
        if token.kind in ("word", "string"):
            name = plain(token.text).strip("'")
            if name == "PREFIX" and at + 2 < len(here) and here[at + 1].kind == "open":
                found.append(here[at + 2].text.rstrip("="))
                at += 3
            elif name != "-" and name != "+":
                found.append(name)
        at += 1
    return found


def _grouped(here: list[Token]) -> tuple[list[str], list[str]]:
    """(columns grouped by, columns made) of an aggregation's arguments."""
    at = next(
        (at for at, token in enumerate(here) if token.kind == "word" and token.text.lower() in ("by", "groupby", "over")), -1
    )
    made = ["count", "c", "percent"]
    made += [plain(name.text) for word, name in pairwise(here) if word.text.lower() == "as"]
    return (_names(here[at + 1 :]) if at >= 0 else []), made


def _stats(pipe: Pipeline, command: Command) -> None:
    here = tokens("search", pipe.text, command)
    if len(here) == 1 and command.name not in ("transpose", "table"):
        raise QueryError(f"{command.name} has no arguments", command.start, command.body)
    kept, made = _grouped(here)
    pipe.columns.table([name for name in kept if name.lower() not in ("by", "over")], made)
    _macros(pipe, here)


def _macros(pipe: Pipeline, here: list[Token]) -> None:
    for token in here:
        if token.kind == "macro":
            pipe.macro(token)


def _eventstats(pipe: Pipeline, command: Command) -> None:
    here = tokens("search", pipe.text, command)
    pipe.columns.compute(_grouped(here)[1][3:] or ["count"])


def _top(pipe: Pipeline, command: Command) -> None:
    here = [token for token in tokens("search", pipe.text, command) if token.text.lower() != "by"]
    pipe.columns.table(_names(here), ("count", "percent"))


def _tstats(pipe: Pipeline, command: Command) -> None:
    pipe.fresh()
    here = tokens("search", pipe.text, command)
    ends: dict[str, int] = {}
    depth = 0
    for at, token in enumerate(here):
        depth += (token.kind == "open") - (token.kind == "close")
        if depth == 0 and token.kind == "word":
            word = token.text.lower()
            if word in ("from", "where", "by", "groupby") and word not in ends:
                ends[word] = at
    if depth:
        raise QueryError("unbalanced parentheses", command.body, command.end)
    marks = [*sorted(ends.values()), len(here) - 1]
    clause = {word: here[at + 1 : next(mark for mark in marks if mark > at)] for word, at in ends.items()}
    _macros(pipe, here[: marks[0]])
    _model(pipe, clause.get("from", []))
    pipe.columns = Columns()
    where = clause.get("where", [])
    if "where" in ends and where:
        pipe.filter([*where, Token("end", "", where[-1].end, where[-1].end)])
    by = clause.get("by", []) or clause.get("groupby", [])
    pipe.columns.table(_names(by), [plain(after.text) for word, after in pairwise(here) if word.text.lower() == "as"])
    _macros(pipe, by)


def _model(pipe: Pipeline, here: list[Token]) -> None:
    """`datamodel=A.B`, `datamodel A.B`, `datamodel:A.B`, `"A"."B"`: the data model read."""
    parts = [plain(token.text) for token in here if token.kind in ("word", "string")]
    _macros(pipe, here)
    if not parts:
        return
    first, _, rest = parts[0].partition(":")
    if first.lower() != "datamodel":
        return
    names = [name for name in [rest, *parts[1:]] if name]
    if names:
        name = names[0]
        for more in names[1:]:
            if not more.startswith(".") and not name.endswith("."):
                break
            name += more
        pipe.part.sources[f"datamodel:{name}"] = None


def _from(pipe: Pipeline, command: Command) -> None:
    pipe.fresh()
    here = tokens("search", pipe.text, command)
    word, _, rest = here[0].text.strip('"').partition(":")
    if word.lower() in ("inputlookup", "lookup"):
        _rows(pipe, rest or plain(here[1].text))
    elif word.lower() in ("savedsearch", "sid"):
        pipe.part.sources[f"savedsearch:{rest or plain(here[1].text)}"] = None
    else:
        _model(
            pipe,
            [
                token._replace(text=token.text.replace('"', ""), kind="word") if token.kind == "string" else token
                for token in here
            ],
        )


def _rows(pipe: Pipeline, name: str) -> None:
    """The rows of a lookup: every column is the lookup's."""
    pipe.lookup = name
    pipe.part.sources[f"lookup:{name}"] = None
    pipe.columns = Columns(closed=True)


def _inputlookup(pipe: Pipeline, command: Command) -> None:
    here = tokens("search", pipe.text, command)
    at = next((at for at, token in enumerate(here) if token.text.lower() == "where" and token.kind == "word"), len(here) - 1)
    names = [token for token in here[:at] if token.kind in ("word", "string", "macro")]
    appended = any(token.text.lower() == "append" for token in names)
    if not names:
        raise QueryError(f"{command.name} names no lookup", command.start, command.body)
    if not appended:
        pipe.fresh()
        _rows(pipe, plain(names[-1].text).strip("`"))
        if at < len(here) - 1:
            pipe.add(SearchParser(here[at + 1 :], pipe, pipe.depth).expression())


def _datamodel(pipe: Pipeline, command: Command) -> None:
    pipe.fresh()
    names = [plain(token.text) for token in tokens("search", pipe.text, command) if token.kind in ("word", "string")][:2]
    if names:
        pipe.part.sources[
            f"datamodel:{'.'.join(name for name in names if name not in ('search', 'flat', 'search_string'))}"
        ] = None


def _named(pipe: Pipeline, command: Command) -> None:
    """A saved search, a REST call, a database query: named, its columns are its own."""
    pipe.fresh()
    words = [plain(token.text) for token in tokens("search", pipe.text, command) if token.kind in ("word", "string")]
    path = next((word for word in words if word.startswith("/")), "")
    pipe.part.sources[f"{command.name}:{path or (words[0] if words else '')}"] = None


def _nothing(pipe: Pipeline, command: Command) -> None:
    """Rows out of nothing, or facts on indexes: every column is made up."""
    pipe.fresh()
    pipe.part.sources[f"{command.name}:"] = None
    pipe.columns = Columns(closed=command.name in ("makeresults", "gentimes", "eventcount"))


def _lookup(pipe: Pipeline, command: Command) -> None:
    here = tokens("search", pipe.text, command)
    _macros(pipe, here)
    at = next((at for at, token in enumerate(here) if token.text.upper() in ("OUTPUT", "OUTPUTNEW")), -1)
    head = _names([token for token in here[: at if at >= 0 else None] if token.kind != "comma"])
    if not head:
        return
    if at < 0:  # every column of the lookup, whose names are not known but for this habit
        pipe.columns.compute((head[0].removesuffix("_lookup"),), head[0])
        return
    found: list[str] = []
    for name in _names(here[at + 1 :]):
        if name.lower() == "as":
            if found:
                found.pop()
            continue
        found.append(name)
    pipe.columns.compute(found, head[0])


def _rename(pipe: Pipeline, command: Command) -> None:
    here = [token for token in tokens("search", pipe.text, command) if token.kind != "comma"]
    _macros(pipe, here)
    for at in range(1, len(here) - 1):
        if here[at].kind == "word" and here[at].text.lower() == "as":
            old, new = plain(here[at - 1].text).strip("'"), plain(here[at + 1].text).strip("'")
            pipe.columns.rename(old, new)
            pipe.output = [new if name == old else name for name in pipe.output]


def _regex(pipe: Pipeline, command: Command) -> None:
    text = pipe.text[command.body : command.end]
    match = re.match(r"""\s*(?:("[^"]*"|'[^']*'|[^\s"=!]+)\s*(!?=)\s*)?("(?:[^"\\]|\\.)*"|\S.*?)\s*\Z""", text, re.DOTALL)
    if match is None:
        raise QueryError("regex has no pattern", command.start, command.body)
    field, sign, pattern = match[1] or "", match[2] or "=", plain(match[3])
    field = field.strip("\"'") or "_raw"
    start, end = command.body + match.start(1 if match[1] else 3), command.body + match.end(3)
    term = pipe.term(field, "re", pattern, "regex" if sign == "=" else "regex !=", not pattern.startswith("(?i)"), start, end)
    pipe.add(Not(term) if sign == "!=" else term)


def _rex(pipe: Pipeline, command: Command) -> None:
    text = pipe.text[command.body : command.end]
    pipe.columns.compute(_GROUPS.findall(text))
    if re.search(r"\bmode\s*=\s*\"?sed", text):
        field = re.search(r"\bfield\s*=\s*\"?([^\s\"]+)", text)
        if field:
            pipe.columns.compute((field[1],))


def _spath(pipe: Pipeline, command: Command) -> None:
    here = tokens("search", pipe.text, command)
    options: dict[str, str] = {}
    bare = ""
    at = 0
    while at < len(here) - 1:
        if here[at + 1].kind == "op":
            options[here[at].text.lower()] = plain(here[min(at + 2, len(here) - 1)].text).strip("'")
            at += 3
        else:
            bare = plain(here[at].text).strip("'")
            at += 1
    path = options.get("path", bare)
    output = options.get("output", "")
    if not output:
        return
    source = options.get("input", "_raw")
    if path and not pipe.columns.resolve(source)[1]:
        pipe.columns.alias(output, path if source == "_raw" else f"{source}.{path}")
    else:
        pipe.columns.compute((output,))


def _bin(pipe: Pipeline, command: Command) -> None:
    here = tokens("search", pipe.text, command)
    names = _names(here)
    if "as" in [name.lower() for name in names]:
        pipe.columns.compute(names[-1:])
    else:
        pipe.columns.compute(name for name in names[:1])


def _iplocation(pipe: Pipeline, command: Command) -> None:
    prefix = re.search(r"\bprefix\s*=\s*\"?(\w*)", pipe.text[command.body : command.end])
    pipe.columns.compute(f"{prefix[1] if prefix else ''}{name}" for name in _GEO)


def _convert(pipe: Pipeline, command: Command) -> None:
    here = tokens("search", pipe.text, command)
    for at, token in enumerate(here):
        if token.kind == "open" and at + 2 < len(here):
            renamed = at + 4 < len(here) and here[at + 3].text.lower() == "as"
            pipe.columns.compute((plain(here[at + 4 if renamed else at + 1].text),))


def _made(*names: str) -> Callable[[Pipeline, Command], None]:
    def handle(pipe: Pipeline, command: Command) -> None:
        pipe.columns.compute(names)
        pipe.other(command)

    return handle


def _last(pipe: Pipeline, command: Command) -> None:
    """`strcat a b c dest`, `replace x WITH y IN field`: the last name is computed."""
    pipe.columns.compute(_names(tokens("search", pipe.text, command)[:-1])[-1:])


def _fields(pipe: Pipeline, command: Command) -> None:
    here = tokens("search", pipe.text, command)
    _macros(pipe, here)
    if here[0].text.startswith("-"):
        return
    if command.name == "return":
        pipe.output = [name for name in _names(here) if not name.isdigit() and name[0] != "$"]
        pipe.output += [here[at].text for at in range(len(here) - 1) if here[at + 1].kind == "op"]
    else:
        pipe.output = [name for name in _names(here) if "*" not in name]


def _append(pipe: Pipeline, command: Command) -> None:
    """append, join, union, …: the sub-searches are parts of their own, whose columns come in."""
    if not command.subs and command.name in ("append", "join", "appendcols", "appendpipe", "multisearch"):
        raise QueryError(f"{command.name} has no sub-search", command.start, command.body)
    for opened, closed in command.subs:
        pipe.columns.merge(pipe.sub(opened + 1, closed - 1).columns)


def _appendpipe(pipe: Pipeline, command: Command) -> None:
    """Rows made of the rows so far: what is filtered there is not what the rule looks for."""
    for opened, closed in command.subs:
        sub = pipe.sub(opened + 1, closed - 1, derived=True, columns=pipe.columns.copy(), command=True)
        pipe.columns.compute(sub.columns.computed - pipe.columns.raw.keys())


def _foreach(pipe: Pipeline, command: Command) -> None:
    for opened, closed in command.subs:
        sub = pipe.sub(opened + 1, closed - 1, derived=True, columns=pipe.columns.copy(), command=True)
        pipe.columns.compute(name for name in sub.columns.computed if "<<" not in name)


def _map(pipe: Pipeline, command: Command) -> None:
    """`map search="…"`: a search for each row."""
    for opened, closed in command.subs:
        pipe.columns = pipe.sub(opened + 1, closed - 1).columns
    here = tokens("search", pipe.text, command)
    for at, token in enumerate(here[:-2]):
        if token.text.lower() == "search" and here[at + 1].kind == "op" and here[at + 2].kind == "string":
            text, spans = unquoted(here[at + 2], pipe.spans)
            pipe.columns = pipe.mapped(text, spans).columns


_HANDLERS: dict[str, Callable[[Pipeline, Command], None]] = {
    "search": _search, "where": _where, "eval": _eval, "stats": _stats, "sistats": _stats, "chart": _stats,
    "timechart": _stats, "sichart": _stats, "sitimechart": _stats, "eventstats": _eventstats, "streamstats": _eventstats,
    "top": _top, "rare": _top, "sitop": _top, "sirare": _top, "tstats": _tstats, "mstats": _tstats, "from": _from,
    "inputlookup": _inputlookup, "inputcsv": _inputlookup, "datamodel": _datamodel, "savedsearch": _named, "loadjob": _named,
    "rest": _named, "dbxquery": _named, "makeresults": _nothing, "gentimes": _nothing, "eventcount": _nothing,
    "metasearch": _search, "lookup": _lookup, "rename": _rename, "regex": _regex, "rex": _rex, "erex": _rex, "spath": _spath,
    "bin": _bin, "bucket": _bin, "iplocation": _iplocation, "convert": _convert, "strcat": _last, "replace": _last,
    "transaction": _made("duration", "eventcount", "closed_txn"), "rangemap": _made("range"), "cluster": _made("cluster_count"),
    "addinfo": _made("info_min_time", "info_max_time", "info_search_time", "info_sid"), "fields": _fields, "table": _fields,
    "return": _fields, "append": _append, "appendcols": _append, "join": _append, "multisearch": _append, "union": _append,
    "set": _append, "appendpipe": _appendpipe, "foreach": _foreach, "map": _map, "apply": _made("IsOutlier", "is_outlier"),
}  # fmt: skip


def handler(name: str) -> Callable[[Pipeline, Command], None] | None:
    """What reads a command that does something to conditions, sources or columns."""
    return _HANDLERS.get(name)
