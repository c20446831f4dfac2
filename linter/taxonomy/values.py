"""Values made comparable: one thing said by five vendors becomes one canonical (field, op, value).

`canonical` gives the principal indicator first. Rules, in short (each has its test in `tests/taxonomy/test_values.py`):

- Values are lower case, except regexes that are more than plain text.
- A path field becomes its parts. `endswith \\net.exe`, a whole path, a base-name field and an anchored regex all give
  `Image.name eq net.exe`; a folder that is named gives a second indicator on `Image.path`; `*.exe` gives `Image.ext`.
  In paths `c:` stands for any drive: `C:\\x`, `?:\\x`, `*:\\x` and contains `:\\x` are one.
- `OriginalFileName` keeps its own field and says `Image.name` second, so that a program's reach counts both.
- One argument (`arg`) is CommandLine contains; outer blanks of command-line substrings are dropped.
- Registry paths lose their root (HKLM, HKEY_LOCAL_MACHINE, `\\REGISTRY\\MACHINE`, `*\\`), so eq becomes endswith and
  startswith becomes contains; ControlSet00n is CurrentControlSet.
- `SHA256=…` is `Hashes.sha256`; `DOMAIN\\user` is `User.name` and `User.domain`; a system account's SID is its name too.
- Directions, registry operations, logon types, integrity levels and booleans are Sigma's words; `10.*` as an address is a
  network.
- Kusto `has` (token) is kept and says contains second.
"""

from __future__ import annotations

from collections.abc import Callable

from linter.rule import Indicator
from linter.taxonomy import literals, words

PATHS = frozenset((
    "Image", "ParentImage", "GrandParentImage", "SourceImage", "SourceParentImage", "TargetImage", "ImageLoaded",
    "TargetFilename", "SourceFilename",
))  # fmt: skip
USERS = frozenset(("User", "ParentUser", "SourceUser", "TargetUser"))
ADDRESSES = frozenset(("SourceIp", "DestinationIp"))
COMMAND_LINES = frozenset(("CommandLine", "ParentCommandLine", "GrandParentCommandLine", "SourceCommandLine"))
_TEXT_OPS = frozenset(("eq", "contains", "startswith", "endswith", "like", "token"))
_PLACES = {field: (f"{field}.path", f"{field}.name") for field in PATHS}
_new = tuple.__new__  # half the time of Indicator(…), where it is called for every value


def is_selector(canonical: str) -> bool:
    """Whether a canonical field chooses events (EventID, Channel, ActionType, event.type, …) and so is no indicator."""
    return canonical in words.SELECTORS


def canonical(field: str, part: str, op: str, value: str) -> tuple[str, tuple[Indicator, ...]]:
    """The canonical field (with its part) and the indicators, the principal one first, of a (mapped field, part, op, value)."""
    if op == "re":
        texts = literals.plain(value)
        if texts:
            made: dict[Indicator, None] = {}
            for one_op, text in texts:
                one = [Indicator(with_part(field, part), "re", text)] if one_op == "re" else _plain(field, part, one_op, text)
                made.update(dict.fromkeys(one))
            found = tuple(made)
            return found[0].field, found
        name = with_part(field, part)
        return name, (Indicator(name, "re", value),)
    indicators = _plain(field, part, op, value)
    found = tuple(dict.fromkeys(indicators) if len(indicators) > 1 else indicators)
    return found[0].field, found


def with_part(field: str, part: str) -> str:
    """The field's name where only the vendor's part is known."""
    return f"{field}.{part}" if part and part not in ("arg", "key", "value", "account", "dir") else field


def _plain(field: str, part: str, op: str, value: str) -> list[Indicator]:
    """The indicators of a term that is no regex."""
    low = value.lower()
    if op not in _TEXT_OPS:
        name = field if op in ("exists", "null") and part in ("path", "name", "user") else with_part(field, part)
        if op == "cidr":
            low = words.network(low)
        return [Indicator(name, op, low)]
    if low in ("", "-"):
        return [Indicator(field, op, low)]
    if field in PATHS:
        return _path(field, part, op, low)
    if op == "token":
        return [Indicator(with_part(field, part), "token", low), *_plain(field, part, "contains", value)]
    rule = _RULES.get(field)
    if rule is not None:
        return rule(field, part, op, low)
    if part:
        by_part = _PARTS.get(part)
        if by_part is not None:
            return by_part(field, part, op, low)
    if low in ("1", "0") and field in words.BOOLEANS:
        low = "true" if low == "1" else "false"
    table = words.VALUES.get(field)
    return [_new(Indicator, (with_part(field, part) if part else field, op, table.get(low, low) if table else low))]


def cut(path: str) -> tuple[str, str]:
    """(folder with its separator, name) of a path with either separator."""
    at = max(path.rfind("\\"), path.rfind("/")) + 1
    return path[:at], path[at:]


def any_drive(path: str) -> str:
    """A path from a drive on, its drive made `c:`: `?:\\x`, `*:\\x`, `c:\\x`; others as they are."""
    if path[1:3] == ":\\" and path[0] in "?*c":
        return "c" + path[1:]
    return path


def _wild(text: str) -> bool:
    return "*" in text or "?" in text


def _path(field: str, part: str, op: str, low: str) -> list[Indicator]:
    """A path field's value as name, path and extension."""
    if part == "ext":
        return [Indicator(f"{field}.ext", op, low.lstrip(".*") if op in ("eq", "endswith") else low)]
    path, name = _PLACES[field]
    if part == "dir":
        return _directory(path, op, low)
    if "\\\\" in low[2:]:  # a path whose separators were written twice
        low = low[:2] + low[2:].replace("\\\\", "\\")
    folder, last = cut(low)
    match op:
        case "token":
            out = [Indicator(name if part == "name" else path, "token", low)]
            return [*out, *(_path(field, part, "eq", last) if is_program(last) else _path(field, part, "contains", low))]
        case "eq":
            if not folder:
                return [Indicator(name, "eq", low)]
            whole = Indicator(path, "eq", any_drive(low))
            return [Indicator(name, "eq", last), whole] if last else [whole]
        case "endswith":
            if not folder:
                if low[0] == "." and low[1:].isalnum():
                    return [Indicator(f"{field}.ext", "eq", low[1:])]
                return [Indicator(name, "endswith", low)]
            if len(folder) == 1 and last:
                return [_new(Indicator, (name, "eq", last))]
            whole = Indicator(path, "endswith", low)
            return [Indicator(name, "eq", last), whole] if last else [whole]
        case "startswith":
            whole = Indicator(name if part == "name" and not folder else path, "startswith", any_drive(low))
            return [whole, Indicator(name, "eq", last)] if folder and is_program(last) else [whole]
        case "contains":
            if low[:2] == ":\\":
                return [Indicator(path, "startswith", "c" + low)]
            whole = _new(Indicator, (name if part == "name" and not folder else path, "contains", low))
            return [whole, Indicator(name, "eq", last)] if is_program(last) else [whole]
    return _like(field, part, low)


def _like(field: str, part: str, low: str) -> list[Indicator]:
    """A path with wildcards: those of a drive and those at the ends are read away."""
    low = any_drive(low)
    if low.endswith("*") and not _wild(low[:-1]) and len(low) > 1:
        return _path(field, part, "startswith", low[:-1])
    if low.startswith("*") and not _wild(low[1:]) and len(low) > 1:
        return _path(field, part, "endswith", low[1:])
    if not _wild(low):
        return _path(field, part, "eq", low)
    folder, last = cut(low)
    path, name = _PLACES[field]
    if not folder:
        return [Indicator(name if part == "name" else path, "like", low)]
    whole = Indicator(path, "like", low)
    if last and not _wild(last):
        return [Indicator(name, "eq", last), whole]
    if folder in ("*\\", "*/", "\\", "/") and last:
        return [
            Indicator(name, "startswith", last[:-1])
            if last.endswith("*") and not _wild(last[:-1])
            else Indicator(name, "like", last)
        ]
    return [whole]


def _directory(path: str, op: str, low: str) -> list[Indicator]:
    """A folder field: the path of what lies in it starts with the folder, or holds it."""
    low = any_drive(low)
    if op in ("eq", "endswith") and low[-1] not in "\\/*":
        low += "/" if low[0] == "/" or "/" in low else "\\"
    return [Indicator(path, {"eq": "startswith", "endswith": "contains"}.get(op, op), low)]


def is_program(name: str) -> bool:
    """Whether a base name has the extension of something that is run or loaded."""
    stem, dot, ext = name.rpartition(".")
    return bool(dot and stem) and ext in words.PROGRAM_EXTENSIONS and not _wild(name) and " " not in ext


def _original(field: str, _part: str, op: str, low: str) -> list[Indicator]:
    out = [Indicator(field, op, low)]
    if op == "eq" and low.endswith((".exe", ".com", ".scr")):
        out.append(Indicator("Image.name", "eq", low))
    return out


def _command(field: str, part: str, op: str, low: str) -> list[Indicator]:
    """A command line, or one argument of it, which is then a substring of it."""
    if part == "arg":
        if op in ("eq", "startswith", "endswith"):
            op = "contains"
        elif op == "like" and low.count("*") == 1 and low.endswith("*"):
            op, low = "contains", low[:-1]
    if op == "contains":
        low = low.strip() or low
    return [_new(Indicator, (field, op, low))]


def _registry(field: str, part: str, op: str, low: str) -> list[Indicator]:
    """A registry path without its root; a key or a value's name is a piece of it."""
    if part == "value":
        if op == "eq":
            return [Indicator(field, "endswith", "\\" + low)]
        return [Indicator(field, "contains" if op == "startswith" else op, low)]
    low = low.replace("/", "\\") if "\\" not in low else low
    if "\\\\" in low:
        low = low.replace("\\\\", "\\")
    rooted = op in ("eq", "startswith", "like")
    for root in words.REGISTRY_ROOTS:
        if low.startswith(root):
            low, rooted = low[len(root) - 1 :], True
            break
    for old in words.CONTROL_SETS:
        if old in low:
            low = low.replace(old, "\\currentcontrolset")
    if not low.strip("\\*"):
        return [Indicator(field, op, low)]
    if op == "like":
        text, lead, tail = low, low.startswith("*"), low.endswith("*")
        bare = text.strip("*")
        if not _wild(bare):
            op, low = ("contains" if tail else "endswith"), bare
        else:
            low = text if lead else "*" + text
    elif rooted and op == "eq":
        op = "contains" if part == "key" else "endswith"
    elif (rooted and op == "startswith") or (part == "key" and op == "endswith"):
        op = "contains"
    return [Indicator(field, op, low)]


def _hash(field: str, part: str, op: str, low: str) -> list[Indicator]:
    """A hash by kind: from the field, from `KIND=`, else from its length."""
    kind, equals, rest = low.rpartition("=")
    kind = kind.rpartition(",")[2]
    if equals and kind in words.HASHES:
        return [Indicator(f"{field}.{kind}", "eq", rest)]
    whole = words.HASH_LENGTHS.get(len(low), "") if low.isalnum() else ""
    if part in words.HASHES:
        return [Indicator(f"{field}.{part}", "eq" if whole and op == "contains" else op, low)]
    return [Indicator(f"{field}.{whole}" if whole else field, "eq" if whole else op, low)]


def _user(field: str, part: str, op: str, low: str) -> list[Indicator]:
    """An account as user name, domain and SID."""
    if part == "domain":
        return [Indicator(f"{field}.domain", op, low)]
    if part == "sid" or low.startswith("s-1-"):
        out = [Indicator(f"{field}.sid" if low.startswith("s-") else f"{field}.id", op, low)]
        if op == "eq" and low in words.SYSTEM_SIDS:
            out.append(Indicator(f"{field}.name", "eq", words.SYSTEM_SIDS[low]))
        return out
    domain, slash, user = low.rpartition("\\")
    if op == "eq":
        if slash:
            return [Indicator(f"{field}.name", "eq", user), Indicator(f"{field}.domain", "eq", domain)]
        return [Indicator(f"{field}.name", "eq", low)]
    if op == "endswith" and slash and user and not domain:
        return [Indicator(f"{field}.name", "eq", user)]
    if op == "startswith" and slash and not user:
        return [Indicator(f"{field}.domain", "eq", domain)]
    return [Indicator(f"{field}.name" if op == "endswith" and not slash else field, op, low)]


def _address(field: str, _part: str, op: str, low: str) -> list[Indicator]:
    """An address, or the network that a prefix of one stands for."""
    if op == "startswith" or (op == "like" and low.endswith("*") and not _wild(low[:-1])):
        octets = low.rstrip("*").rstrip(".").split(".")
        if len(octets) < 4 and all(octet.isdigit() for octet in octets) and low.rstrip("*").endswith("."):
            filled = ".".join((octets + ["0"] * 4)[:4])
            return [Indicator(field, "cidr", f"{filled}/{8 * len(octets)}")]
    if op == "eq":
        if "/" in low:
            return [Indicator(field, "cidr", words.network(low))]
        low = words.address(low)
    return [Indicator(field, op, low)]


_Handler = Callable[[str, str, str, str], list[Indicator]]
_RULES: dict[str, _Handler] = {
    "OriginalFileName": _original, "TargetObject": _registry, "NewName": _registry, "Hashes": _hash,
    **dict.fromkeys(COMMAND_LINES, _command), **dict.fromkeys(USERS, _user), **dict.fromkeys(ADDRESSES, _address),
}  # fmt: skip
_PARTS: dict[str, _Handler] = {"arg": _command, "account": _user}
