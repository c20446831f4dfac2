"""What one comparison says of another on the same field, and whether it holds for a value: yes, no, or unknown (None).

    holds(predicate, value)        for an event in which the field has this text; value None: the event lacks the field
    implies(known, other)          True: other holds whenever known does; False: it never does; None: neither is proven

Only comparisons of one native field are held against each other; a computed column, an organisation's list and an encoded
value say nothing. "Never" needs a field that has one value an event: in a list one item can match each of two.
"""

from __future__ import annotations

from functools import lru_cache

from linter.checks import regexes
from linter.rule import Predicate, pattern_pieces
from linter.taxonomy.schemas import base

MAX_VALUE = 2000  # code points of a value that is looked at
_ENCODED = ("windash", "base64", "wide", "utf16", "expand", "hasprefix", "hassuffix")  # matched otherwise than they read
_NUMBERS = {"gt", "gte", "lt", "lte"}
_BOOLEAN = frozenset(("true", "false", "1", "0", "yes", "no"))
_ANCHORED = ((("eq", "startswith"), str.startswith), (("eq", "endswith"), str.endswith))
_TEXTS = frozenset(("eq", "contains", "startswith", "endswith"))
_GLOBS = frozenset(("eq", "contains", "startswith", "endswith", "like"))
# Fields of which every event has one value, in every vendor's logs.
_SINGLE = frozenset((
    "Image", "ParentImage", "GrandParentImage", "SourceImage", "TargetImage", "OriginalFileName", "CommandLine",
    "ParentCommandLine", "TargetFilename", "ImageLoaded", "TargetObject", "EventID", "LogonType", "IntegrityLevel",
    "CurrentDirectory", "host.os.type", "event.code", "event.dataset", "event.module", "metadata.event_type",
))  # fmt: skip
_HOSTS = ("/windows", "/linux", "/macos")
Token = tuple[bool, str]  # (whether it is a wildcard, the sign)


def key(predicate: Predicate) -> str:
    """What two comparisons must have in common to be held against each other."""
    return predicate.field.lower()


def opaque(predicate: Predicate) -> bool:
    """Whether nothing can be said of a comparison's values."""
    return (
        predicate.derived
        or predicate.listed
        or not predicate.field
        or len(predicate.value) > MAX_VALUE
        or _encoded(predicate.native)
    )


@lru_cache(maxsize=1024)
def _encoded(native: str) -> bool:
    return any(word in native for word in _ENCODED)


def single(dialect: str, classes: tuple[str, ...], predicate: Predicate) -> bool:
    """Whether the field of a comparison has one value in every event that a rule of these classes reads."""
    field = base(predicate.canonical)
    if field == "Hashes" or key(predicate).endswith("args"):
        return False
    if field in _SINGLE or dialect == "kusto":
        return True
    return (
        dialect == "sigma"
        and bool(classes)
        and all(cls.endswith(_HOSTS) or cls.startswith(("windows:", "linux:", "macos:")) for cls in classes)
    )


@lru_cache(maxsize=8192)
def _glob(op: str, value: str) -> tuple[Token, ...]:
    """A comparison of text as literal signs and wildcards."""
    if op != "like":
        text = tuple((False, char) for char in value)
        before = ((True, "*"),) if op in ("contains", "endswith") else ()
        behind = ((True, "*"),) if op in ("contains", "startswith") else ()
        return (*before, *text, *behind)
    out: list[Token] = []
    for token in pattern_pieces(value):
        if token != (True, "*") or not out or out[-1] != token:
            out.append(token)
    return tuple(out)


def _surely(known: str, left: str, other: str, right: str) -> bool:
    """Whether all texts of one comparison fulfil another, (op, value) of each; neither is a `like`."""
    if other == "contains":
        return right in left
    if other == "startswith":
        return left.startswith(right) if known in ("eq", "startswith") else not right
    if other == "endswith":
        return left.endswith(right) if known in ("eq", "endswith") else not right
    return known == "eq" and left == right


def _never(known: str, left: str, other: str, right: str) -> bool:
    """Whether no text fulfils both comparisons; neither is a `like`."""
    for anchored, meets in _ANCHORED:
        if known in anchored and other in anchored and not meets(left, right) and not meets(right, left):
            return True
    return (known == "eq" and not _surely(known, left, other, right)) or (
        other == "eq" and not _surely(other, right, known, left)
    )


def _fits(pattern: tuple[Token, ...], subject: tuple[Token, ...]) -> bool:
    """Whether a pattern matches all that another one stands for: a wildcard of that one needs a wildcard of this one."""
    at = read = 0
    star = mark = -1
    while read < len(subject):
        wanted = pattern[at] if at < len(pattern) else None
        if wanted == (True, "*"):
            star, mark = at, read
            at += 1
        elif wanted is not None and (wanted == subject[read] or (wanted == (True, "?") and subject[read] != (True, "*"))):
            at += 1
            read += 1
        elif star >= 0:
            mark += 1
            at, read = star + 1, mark
        else:
            return False
    return all(token == (True, "*") for token in pattern[at:])


def _literal(tokens: tuple[Token, ...]) -> str:
    """The signs before the first wildcard."""
    out: list[str] = []
    for wild, char in tokens:
        if wild:
            break
        out.append(char)
    return "".join(out)


def _apart(left: tuple[Token, ...], right: tuple[Token, ...]) -> bool:
    """Whether no text satisfies both: they begin or end differently, or one is plain text and the other does not fit it."""
    for one, other in ((left, right), (left[::-1], right[::-1])):
        first, second = _literal(one), _literal(other)
        if not first.startswith(second) and not second.startswith(first):
            return True
    plain = [not any(wild for wild, _ in side) for side in (left, right)]
    return (plain[0] and not _fits(right, left)) or (plain[1] and not _fits(left, right))


def holds(predicate: Predicate, value: str | None, dialect: str = "sigma") -> bool | None:
    """Whether a comparison holds where its field has a text; where it has none, only `null` does."""
    op, wanted = predicate.op, predicate.value
    if "windash" in predicate.native and value is not None and not predicate.derived:  # a dash stays one of those it matches
        return holds(predicate._replace(native=""), value, dialect) or None
    if opaque(predicate):
        return False if value is None and predicate.field and not predicate.derived and not predicate.listed else None
    if value is None:
        return op == "null"
    if op in ("exists", "null"):
        return None if not value else op == "exists"
    if op in _GLOBS:
        text, cased = value, predicate.cased
        if op == "eq" and not _text(wanted, value):
            return True if wanted == value else None
        if not cased:
            wanted, text = wanted.lower(), text.lower()
        return _fits(_glob(op, wanted), _glob("eq", text))
    if op == "re":
        return None if dialect == "elastic" else regexes.search(wanted, value, not predicate.cased)
    if op == "token":
        return _token(wanted.lower(), f" {value.lower()} ")
    if op == "cidr":
        return _in_network(value, wanted)
    if op in _NUMBERS:
        return _compare(op, value, wanted)
    return None


def implies(known: Predicate, other: Predicate, one_value: bool = True, dialect: str = "sigma") -> bool | None:
    """What a comparison that holds says of another of the same field. `one_value`: see `single`."""
    if key(known) != key(other) or not known.field:
        return None
    if known[:3] == other[:3] and (known.native, known.cased) == (other.native, other.cased) and not known.derived:
        return True
    if opaque(known) or opaque(other):
        return None
    found = _implied(known, other, dialect)
    return found if found or one_value else None


def _implied(known: Predicate, other: Predicate, dialect: str) -> bool | None:
    if other.op in ("exists", "null") or known.op in ("exists", "null"):
        return _presence(known, other)
    if known.op in _GLOBS and other.op in _GLOBS:
        found = _both_text(known, other)
        if found and dialect == "elastic" and not known.cased:  # whether case counts is up to the index
            return _both_text(known._replace(cased=True), other._replace(cased=True)) or None
        return found
    if known.op == "eq":
        if other.cased and not known.cased and other.op == "re":
            return None
        return holds(other, known.value, dialect)
    if other.op == "eq":
        return (
            False if not (known.cased is False and known.op == "re") and holds(known, other.value, dialect) is False else None
        )
    if other.op in _GLOBS and known.op == "token":
        return True if other.op == "contains" and not other.cased and other.value.lower() in known.value.lower() else None
    if other.op == "token" and known.op in _GLOBS and known.op != "like":
        return _token(other.value.lower(), _padded(known)) or None
    if known.op == "cidr" and other.op == "cidr":
        return _networks(known.value, other.value)
    if known.op in _NUMBERS and other.op in _NUMBERS:
        return _ranges(known, other)
    return None


def plain_text(predicate: Predicate) -> tuple[str, str] | None:
    """(op, value in lower case) of a comparison of text whatever its case; None for one that is more than that."""
    if predicate.cased or predicate.op not in _TEXTS or opaque(predicate):
        return None
    return predicate.op, predicate.value.lower()


def implies_text(known: tuple[str, str], other: tuple[str, str]) -> bool | None:
    """`implies` for two `plain_text`s of one field that has one value an event, not both `eq`."""
    return True if _surely(*known, *other) else False if _never(*known, *other) else None


def _presence(known: Predicate, other: Predicate) -> bool | None:
    if known.op == "exists":
        return True if other.op == "exists" else False if other.op == "null" else None
    if known.op == "null":
        if other.op in ("exists", "null"):
            return other.op == "null"
        return False if other.value else None
    if not known.value or known.op in ("re", "like"):
        return None
    return other.op == "exists"


def _both_text(known: Predicate, other: Predicate) -> bool | None:
    left, right = known.value, other.value
    fold = not (known.cased and other.cased)
    if fold:
        left, right = left.lower(), right.lower()
    if known.op == "eq" and other.op == "eq" and not _text(left, right):
        return True if left == right and (known.cased or not other.cased) else None
    if "like" in (known.op, other.op):
        one, two = _glob(known.op, left), _glob(other.op, right)
        answer = True if _fits(two, one) else False if _apart(one, two) else None
    else:
        sides = known.op, left, other.op, right
        answer = True if _surely(*sides) else False if _never(*sides) else None
    if answer and not known.cased and other.cased and any(char.isalpha() for char in right):
        return None
    return answer


def _text(left: str, right: str) -> bool:
    """Whether two values can only be equal as text: not numbers, truth values or addresses that are written differently."""
    low = left.lower(), right.lower()
    if low[0] in _BOOLEAN and low[1] in _BOOLEAN:
        return False
    if all(one[:1].isdigit() or one[:1] in "+-." for one in low if one) and all(low):
        return all(one.isdigit() and one[0] != "0" for one in low) or not all(_numeric(one) for one in low)
    return not (":" in left and ":" in right and "\\" not in left + right)


def _numeric(text: str) -> bool:
    return all(char in "0123456789abcdefx+-._" for char in text)


def _token(word: str, text: str) -> bool:
    """Whether a word stands in a text between signs that are neither letters nor digits."""
    at = text.find(word)
    while at >= 0:
        if not text[at - 1 : at].isalnum() and not text[at + len(word) : at + len(word) + 1].isalnum() and at:
            return True
        at = text.find(word, at + 1)
    return False


def _padded(known: Predicate) -> str:
    """A known text with a blank where its end is the value's end, and a letter where more may follow."""
    before = "x" if known.op in ("contains", "endswith") else " "
    behind = "x" if known.op in ("contains", "startswith") else " "
    return before + known.value.lower() + behind


def _in_network(address: str, network: str) -> bool | None:
    from ipaddress import ip_address, ip_network

    try:
        found, wanted = ip_address(address), ip_network(network, strict=False)
    except ValueError:
        return None
    return found in wanted


def _networks(left: str, right: str) -> bool | None:
    from ipaddress import ip_network

    try:
        one, two = ip_network(left, strict=False), ip_network(right, strict=False)
    except ValueError:
        return None
    if one.version != two.version:
        return False
    if one.subnet_of(two):  # type: ignore[arg-type]
        return True
    return None if one.overlaps(two) else False


def _number(text: str) -> float | None:
    try:
        return float(text) if len(text) < 40 and all(char in "0123456789.-" for char in text) else None
    except ValueError:
        return None


def _compare(op: str, value: str, bound: str) -> bool | None:
    left, right = _number(value), _number(bound)
    if left is None or right is None:
        return None
    return {"gt": left > right, "gte": left >= right, "lt": left < right, "lte": left <= right}[op]


def _ranges(known: Predicate, other: Predicate) -> bool | None:
    left, right = _number(known.value), _number(other.value)
    if left is None or right is None:
        return None
    up, other_up = known.op[0] == "g", other.op[0] == "g"
    strict = known.op in ("gt", "lt")
    if up == other_up:
        further = left > right if up else left < right
        return True if further or (left == right and (strict or other.op in ("gte", "lte"))) else None
    beyond = left > right if up else left < right
    both_touch = left == right and not strict and other.op in ("gte", "lte")
    return False if beyond or (left == right and not both_touch) else None
