"""Rule files that mean harm, made by code: name → (file name, its bytes). Nothing here is larger than the disk of a laptop."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.rules import ELASTIC, KUSTO, SPLUNK, YARAL, sigma

WORD = "certutil"
MANY = 100_000
DEEP = 10_000
WIDE = "(a+)+" * 40 + "$"  # a regular expression that makes a backtracking engine try 2^n ways
GREEDY = "^(\\w+\\s?)*\\$" + "(.*)*" * 30 + "x"


class Case(NamedTuple):
    """A file: its name, and what makes its bytes. `beside` are more files that go with it; `rules` how many of the file's are
    read (`suggest` works rule by rule).
    """

    file: str
    make: Callable[[], str | bytes]
    beside: dict[str, str] = {}  # noqa: RUF012  (never changed)
    rules: int = 1


# rules around a part that is hostile


def detection(text: str) -> str:
    """A Sigma rule with this detection, its lines indented by two."""
    head = sigma().partition("detection:")[0]
    return f"{head}detection:\n{text}\nlevel: high\n"


def selection(text: str, condition: str = "selection") -> str:
    """A Sigma rule whose selection holds this text, its lines indented by four."""
    return detection(f"  selection:\n{text}\n  condition: {condition}")


def condition(text: str, names: int = 3) -> str:
    """A Sigma rule with selections s0, s1, … and this condition."""
    parts = "".join(f"  s{n}:\n    Image|endswith: '\\a{n}.exe'\n" for n in range(names))
    return detection(f"{parts}  condition: {text}")


def elastic(query: str, language: str = "eql") -> str:
    """An Elastic rule with this query."""
    head, _, rest = ELASTIC.partition("query = '''")
    head = head.replace('language = "eql"', f'language = "{language}"')
    head = head.replace('type = "eql"', f'type = "{"eql" if language == "eql" else "query" if language != "esql" else "esql"}"')
    return f"{head}query = '''\n{query}\n'''{rest.partition(chr(39) * 3)[2]}"


def splunk(search: str) -> str:
    """A Splunk rule with this search."""
    head, _, rest = SPLUNK.partition("search: ")
    return head + "search: |-\n  " + search.replace("\n", "\n  ") + "\ntags:" + rest.partition("\ntags:")[2]


def kusto(query: str) -> str:
    """A Kusto rule with this query."""
    head = KUSTO.partition("query: |\n")[0]
    return head + "query: |\n  " + query.replace("\n", "\n  ") + "\nversion: 1.0.0\n"


def yaral(events: str, outcome: str = "") -> str:
    """A YARA-L rule with this events section."""
    head = YARAL.partition("  events:\n")[0]
    return f"{head}  events:\n{events}\n{outcome}  condition:\n    $e\n}}\n"


def exploding(joint_in: str, joint_out: str, part: Callable[[int], str], factors: int = 40) -> str:
    """(p0 or p1) and (p2 or p3) and …: 2^factors branches."""
    return joint_out.join(f"({part(2 * n)} {joint_in} {part(2 * n + 1)})" for n in range(factors))


def alias_bomb(levels: int = 60, width: int = 10) -> str:
    """Ten to the power of `levels` texts, by reference."""
    lines = ["bomb0: &b0 [x, x]"]
    lines += [f"bomb{n}: &b{n} [{', '.join([f'*b{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


RULES = {
    "sigma": ("rule.yml", sigma()),
    "elastic": ("rule.toml", ELASTIC),
    "splunk": ("rule.yml", SPLUNK),
    "kusto": ("rule.yaml", KUSTO),
    "yaral": ("rule.yaral", YARAL),
}


def every_dialect() -> Iterator[tuple[str, Case]]:
    """What is done to the bytes of a good rule of each dialect."""
    for dialect, (file, text) in RULES.items():
        half = text.index(WORD)
        changes: dict[str, Callable[[], str | bytes]] = {
            "NUL bytes": lambda text=text: text.replace(WORD, "cert\0util"),
            "invalid UTF-8": lambda text=text: text.encode().replace(WORD.encode(), b"cert\xff\xfe\xc3util"),
            "UTF-16": lambda text=text: b"\xff\xfe" + text.encode("utf-16-le"),
            "an endless line": lambda text=text: text.replace(WORD, "x" * 4_500_000),
            "50 MB": lambda text=text: text + "#" + "x" * 50_000_000,
            "cut in half": lambda text=text, half=half: text[:half],
            "every character": lambda text=text: text.replace(WORD, "".join(map(chr, range(1, 0x3000)))),
            "line ends alone": lambda text=text: text.replace("\n", "\r") + "\r\n\r" * 500_000,
            "a million brackets": lambda text=text: text.replace(WORD, "[({" * 300_000),
            "a million quotes": lambda text=text: text.replace(WORD, "'\"`" * 300_000),
            "a million backslashes": lambda text=text: text.replace(WORD, "\\" * 1_000_000),
            "the rule ten thousand times": lambda text=text: (text + ("\n---\n" if ":" in text[:20] else "\n")) * 4_000,
            "wide characters": lambda text=text: text.replace(WORD, "\U0001f4a3\u202e" * 200_000),
        }
        for name, make in changes.items():
            yield f"{dialect}: {name}", Case(file, make, rules=500 if "thousand times" in name else 1)


def yaml_dialects() -> Iterator[tuple[str, Case]]:
    """What YAML allows."""
    digits = "9" * 1_000_000
    for dialect in ("sigma", "splunk", "kusto"):
        file, text = RULES[dialect]
        more = {
            "alias bomb": alias_bomb(),
            "alias of itself": "more: &a [*a, *a]\n",
            "merge of itself": "more: &a\n  <<: *a\n  b: 1\n",
            "merge bomb": "".join(
                f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9) if n else ''}], k{n}: 1}}\n" for n in range(40)
            ),
            "deep flow": "more: " + "[" * DEEP + "]" * DEEP + "\n",
            "deep flow mappings": "more: " + "{a: " * DEEP + "}" * DEEP + "\n",
            "deep blocks": "more:\n" + "".join(f"{' ' * n}a:\n" for n in range(1, 3_000)),
            "deep dashes": "more:\n  " + "- " * DEEP + "x\n",
            "a million digits": f"more: {digits}\nversion: {digits}\ndate: {digits}\nid2: 0x{digits}\n",
            "odd numbers": "more: [1e999999999, 0o7, 1:1:1:1:1, .inf, .nan, 9999-99-99, 2001-12-14t21:59:43.10-05:00, 0b1]\n",
            "a hundred thousand keys": "".join(f"k{n}: {n}\n" for n in range(MANY)),
            "one key again and again": "more: 1\n" * 50_000,
            "tags that call": "more: !!python/object/apply:os.system ['echo no']\nm2: !!binary '===='\nm3: !<tag:x> y\n",
            "half a surrogate": 'more: "\\ud800\\udc00\\ud800"\n',
            "a long anchor": "more: &" + "a" * MANY + " 1\n",
            "a long tag": "more: !" + "a" * MANY + " 1\n",
            "keys that are lists": "? [a, [b, {c: d}]]\n: 1\n? {x: y}\n: 2\n" * 5_000,
            "a folded mountain": "more: >\n" + "".join(f"  {'x' * (n % 70)}\n\n" for n in range(50_000)),
            "directives": "",
        }
        for name, tail in more.items():
            if name == "directives":
                yield (
                    f"{dialect}: directives",
                    Case(file, lambda text=text: "%YAML 9.9\n%TAG ! tag:x,2000:\n---\n" + text + "...\n" * MANY),
                )
            else:
                yield f"{dialect}: {name}", Case(file, lambda text=text, tail=tail: text + tail)


def sigma_cases() -> Iterator[tuple[str, Case]]:
    """Detections and conditions."""
    texts: dict[str, Callable[[], str]] = {
        "1 of * over thousands": lambda: condition("1 of *", 4_000),
        "all of them over thousands": lambda: condition("all of them", 4_000),
        "not 1 of s* over thousands": lambda: condition("s0 and not 1 of s*", 4_000),
        "1 of a pattern of stars": lambda: condition("1 of " + "s*" * 2_000, 300),
        "deep parentheses": lambda: condition("(" * DEEP + "s0" + ")" * DEEP),
        "deep NOTs": lambda: condition("not " * DEEP + "s0"),
        "deep NOTs and parentheses": lambda: condition("not (" * DEEP + "s0" + ")" * DEEP),
        "a hundred thousand terms": lambda: condition(" or ".join(["s0"] * MANY)),
        "terms that alternate": lambda: condition(" and not ".join(f"s{n % 3}" for n in range(20_000))),
        "branches that explode": lambda: condition(exploding("or", " and ", lambda n: f"s{n}"), 80),
        "branches that explode under NOT": lambda: condition("not (" + exploding("and", " or ", lambda n: f"s{n}") + ")", 80),
        "a condition of ten thousand": lambda: condition("[" + ", ".join(["s0"] * DEEP) + "]"),
        "a condition that is no text": lambda: condition("{a: {b: [1, 2]}}"),
        "a huge list": lambda: selection("    Image|endswith:\n" + "".join(f"      - '\\a{n}.exe'\n" for n in range(60_000))),
        "huge lists that multiply": lambda: selection(
            "".join(f"    F{m}|contains:\n" + "".join(f"      - 'v{n}'\n" for n in range(60)) for m in range(60))
        ),
        "a huge list under NOT": lambda: detection(
            "  selection:\n    Image: a\n  filter:\n    Image|endswith:\n"
            + "".join(f"      - '\\a{n}.exe'\n" for n in range(60_000))
            + "  condition: selection and not filter"
        ),
        "keywords without end": lambda: detection(
            "  keywords:\n" + "".join(f"    - 'w{n}'\n" for n in range(60_000)) + "  condition: keywords"
        ),
        "regular expressions": lambda: selection(
            f"    Image|re: '{WIDE}'\n    CommandLine|re:\n      - '{GREEDY}'\n      - '{'(' * 5_000}'"
        ),
        "a regular expression of a megabyte": lambda: selection(f"    Image|re: '{'(a|b)*?' * 150_000}'"),
        "repetitions that multiply": lambda: selection(f"    Image|re: '{'(' * 20}a{'{1,9999}){1,9999}' * 20}'"),
        "expressions that the rule excludes": lambda: detection(
            f"  selection:\n    Image|contains: '{'a' * 900}!'\n  filter:\n    Image|re: '{'(a*)*' * 30}$'\n"
            "  condition: selection and not filter"
        ),
        "stars": lambda: selection(f"    Image: '{'*a' * 20_000}*'\n    CommandLine: '{'*' * MANY}'\n    User: '{'?' * MANY}'"),
        "stars that exclude stars": lambda: detection(
            f"  selection:\n    Image: '{'*a' * 400}*b'\n  filter:\n    Image: '{'a*' * 400}c'\n"
            "  condition: selection and not filter"
        ),
        "a thousand dashes": lambda: selection("    CommandLine|windash|contains:\n" + f"      - '{' -a' * 1_000}'\n" * 50),
        "offsets of base64": lambda: selection(
            "    CommandLine|wide|base64offset|contains:\n" + "".join(f"      - '{'x' * 500}{n}'\n" for n in range(5_000))
        ),
        "modifiers without end": lambda: selection("    Image" + "|contains" * 20_000 + ": a"),
        "modifiers that fight": lambda: selection(
            "    Image|re|cidr|base64|windash|exists|expand|fieldref|lt|all: [a, 1, null]"
        ),
        "networks": lambda: selection(
            "    DestinationIp|cidr:\n"
            + "".join(f"      - '{n % 256}.0.0.0/{n % 40}'\n" for n in range(8_000))
            + "      - '::/0'\n      - '/'"
        ),
        "placeholders": lambda: selection("    User|expand: '" + "%a%" * 20_000 + "'"),
        "nested selections": lambda: detection("  selection: " + "[{a: " * 90 + "1" + "}]" * 90 + "\n  condition: selection"),
        "a field name of a megabyte": lambda: selection(f"    ? {'F' * 1_000_000}\n    : a"),
        "field names of controls": lambda: selection('    "\\e]0;x\\a|contains": a\n    "\\n::error::x": b'),
        "integers in fields": lambda: selection(
            f"    EventID: {'9' * 1_000_000}\n    Size|gt: {'9' * 1_000_000}\n    A: -0x{'f' * 1000}"
        ),
        "ten thousand selections": lambda: condition("s0", 10_000),
        "tags without end": lambda: sigma().replace(
            "  - attack.t1105\n", "".join(f"  - attack.t{n:04}\n" for n in range(10_000))
        ),
        "ids without end": lambda: (
            sigma() + "related:\n" + "  - {id: 7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a0002, type: derived}\n" * 10_000
        ),
        "a title of a megabyte": lambda: sigma(title="x" * 1_000_000),
        "a wrong type everywhere": lambda: (
            "".join(
                f"{key}: [{{a: [1, null, {{b: c}}]}}]\n"
                for key in (
                    "title",
                    "id",
                    "status",
                    "tags",
                    "level",
                    "date",
                    "author",
                    "related",
                    "falsepositives",
                    "logsource",
                )
            )
            + "detection: {a: [[[]]], condition: [{}]}\n"
        ),
        "a correlation of itself": lambda: (
            "title: a\nid: 1\nname: a\ncorrelation:\n  type: temporal\n  rules: [a, a, 1]\n"
            "  group-by: [x]\n  timespan: 9999999999999999999999d\n  condition: {gte: -1}\n"
        ),
        "a correlation of thousands": lambda: (
            "title: a\ncorrelation:\n  type: event_count\n  rules:\n"
            + "".join(f"    - r{n}\n" for n in range(8_000))
            + "  timespan: 1h\n  condition: {gte: 1}\n"
        ),
        "a filter of everything": lambda: (
            "title: a\nlogsource: {category: process_creation}\nfilter:\n  rules: any\n"
            "  selection:\n    Image: a\n  condition: " + "not " * 5_000 + "selection\n"
        ),
        "action global again and again": lambda: (
            "action: global\ntitle: a\nlogsource: {category: x}\n---\n" * 3_000 + "detection: {s: {a: b}, condition: s}\n"
        ),
        "comments that ignore": lambda: (
            sigma().replace("\n", " # siftlint: ignore[" + "a, " * 100 + "x] y\n") + "# siftlint: ignore[*] x\n" * 20_000
        ),
    }
    for name, make in texts.items():
        yield f"sigma: {name}", Case("rule.yml", make)


def elastic_cases() -> Iterator[tuple[str, Case]]:
    """TOML, JSON, and four query languages."""
    name = "process.name"
    eql: dict[str, Callable[[], str]] = {
        "deep parentheses": lambda: "process where " + "(" * DEEP + f'{name} == "a"' + ")" * DEEP,
        "deep NOTs": lambda: "process where " + "not " * DEEP + f'{name} == "a"',
        "a hundred thousand terms": lambda: "process where " + " or ".join([f'{name} == "a"'] * MANY),
        "a huge list": lambda: f"process where {name} in (" + ", ".join(f'"a{n}"' for n in range(60_000)) + ")",
        "branches that explode": lambda: "process where " + exploding("or", " and ", lambda n: f'f{n} == "a{n}"'),
        "a sequence of thousands": lambda: "sequence by host.id\n" + f'  [process where {name} == "a"]\n' * 5_000,
        "functions in functions": lambda: "process where " + "concat(" * 3_000 + "a" + ")" * 3_000 + ' == "a"',
        "an open string": lambda: f'process where {name} == "' + "\\" * 10_001,
        "regular expressions": lambda: f'process where {name} regex~ ("{WIDE}", """{GREEDY}""")',
        "integers": lambda: "process where process.pid == " + "9" * 1_000_000,
        "arithmetic": lambda: "process where process.pid == " + " + ".join(["1"] * 50_000),
        "pipes": lambda: "process where true" + " | head 1" * 20_000,
    }
    for what, make in eql.items():
        yield f"eql: {what}", Case("rule.toml", lambda make=make: elastic(make()))
    kuery: dict[str, Callable[[], str]] = {
        "deep parentheses": lambda: "(" * DEEP + f"{name}:a" + ")" * DEEP,
        "deep NOTs": lambda: "not " * DEEP + f"{name}:a",
        "a hundred thousand terms": lambda: " or ".join([f"{name}:a"] * MANY),
        "a huge list": lambda: f"{name}:(" + " or ".join(f"a{n}" for n in range(60_000)) + ")",
        "branches that explode": lambda: exploding("or", " and ", lambda n: f"f{n}:a{n}"),
        "nested fields": lambda: "a:{ " * 3_000 + "b:c" + " }" * 3_000,
        "stars": lambda: f"{name}:" + "*a" * 50_000,
    }
    for what, make in kuery.items():
        yield f"kuery: {what}", Case("rule.toml", lambda make=make: elastic(make(), "kuery"))
        yield (
            f"lucene: {what}",
            Case(
                "rule.toml",
                lambda make=make: elastic(
                    make().replace(" or ", " OR ").replace(" and ", " AND ").replace("not ", "NOT "), "lucene"
                ),
            ),
        )
    esql: dict[str, Callable[[], str]] = {
        "deep parentheses": lambda: "from logs-* | where " + "(" * DEEP + f'{name} == "a"' + ")" * DEEP,
        "deep NOTs": lambda: "from logs-* | where " + "not " * DEEP + f'{name} == "a"',
        "a hundred thousand terms": lambda: "from logs-* | where " + " or ".join([f'{name} == "a"'] * MANY),
        "pipes": lambda: "from logs-*" + f' | where {name} == "a"' * 10_000,
        "columns of columns": lambda: (
            "from logs-*"
            + "".join(f" | eval c{n} = concat(c{n - 1}, c{n - 1})" for n in range(1, 3_000))
            + ' | where c9 == "a"'
        ),
        "branches that explode": lambda: "from logs-* | where " + exploding("or", " and ", lambda n: f'f{n} == "a{n}"'),
        "cases in cases": lambda: "from logs-* | where " + "case(a == 1, " * 3_000 + "true" + ")" * 3_000,
    }
    for what, make in esql.items():
        yield f"esql: {what}", Case("rule.toml", lambda make=make: elastic(make(), "esql"))
    toml: dict[str, Callable[[], str]] = {
        "deep arrays": lambda: ELASTIC + "\n[more]\na = " + "[" * DEEP + "]" * DEEP + "\n",
        "deep tables": lambda: ELASTIC + "\n[" + ".".join(["a"] * DEEP) + "]\nb = 1\n",
        "deep inline tables": lambda: ELASTIC + "\n[more]\na = " + "{b = " * DEEP + "1" + "}" * DEEP + "\n",
        "dotted keys": lambda: ELASTIC + "\n[more]\n" + ".".join(["a"] * DEEP) + " = 1\n",
        "a million digits": lambda: ELASTIC.replace(
            "[rule]\n", f"[rule]\nrisk_score = {'9' * 1_000_000}\nversion = 0x{'f' * 100_000}\n"
        ),
        "thousands of threats": lambda: (
            ELASTIC + '\n[[rule.threat]]\nframework = "MITRE ATT&CK"\n[[rule.threat.technique]]\nid = "T1105"\n' * 8_000
        ),
        "an open text": lambda: ELASTIC.partition("process where")[0] + "x" * 500_000,
        "odd dates": lambda: ELASTIC.replace('creation_date = "2026/08/01"', "creation_date = 0000-00-00T99:99:99Z"),
    }
    for what, make in toml.items():
        yield f"toml: {what}", Case("rule.toml", make)
    one = {"id": "x", "rule_id": "y", "name": "n", "type": "query", "language": "kuery", "query": "a:b", "threat": [],
           "risk_score": 1, "severity": "low", "description": "d", "from": "now-9m", "index": ["logs-*"]}  # fmt: skip
    text = json.dumps(one)
    documents: dict[str, Callable[[], str]] = {
        "deep lists": lambda: text[:-1] + ', "more": ' + "[" * MANY + "]" * MANY + "}",
        "deep objects": lambda: text[:-1] + ', "more": ' + '{"a":' * MANY + "1" + "}" * MANY + "}",
        "a million digits": lambda: text[:-1] + ', "more": ' + "9" * 1_000_000 + "}",
        "odd numbers": lambda: text[:-1] + ', "more": [NaN, -Infinity, 1e999999, -0, 1E400]}',
        "half a surrogate": lambda: text.replace('"n"', '"\\ud800\\udc00\\ud800"').replace("a:b", "a:\\ud800"),
        "keys twice": lambda: text[:-1] + ', "query": "a:b"' * 30_000 + "}",
        "lists of lists": lambda: "[" + ",".join(["[[[]]]"] * 200_000 + [text]) + "]",
        "what unpacks to much": lambda: (
            text[:-1] + ', "more": {' + ",".join(f'"k{n}": [[], {{}}, [{{}}]]' for n in range(60_000)) + "}}"
        ),
    }
    for what, make in documents.items():
        yield f"json: {what}", Case("rule.json", make)
    yield "ndjson: thousands of rules", Case("rules.ndjson", lambda: (text + "\n") * 4_000, rules=1_500)
    yield "ndjson: broken lines", Case("rules.ndjson", lambda: (text + "\n" + text[:-30] + "\n") * 500)


def splunk_cases() -> Iterator[tuple[str, Case]]:
    """Searches and macros."""
    base = "index=main process_name=certutil.exe"
    texts: dict[str, Callable[[], str]] = {
        "deep parentheses": lambda: "(" * DEEP + base + ")" * DEEP,
        "deep NOTs": lambda: "NOT " * DEEP + base,
        "a hundred thousand terms": lambda: " OR ".join(["a=b"] * MANY),
        "branches that explode": lambda: exploding("OR", " ", lambda n: f"f{n}=a{n}"),
        "a huge list": lambda: "process_name IN (" + ", ".join(f'"a{n}.exe"' for n in range(60_000)) + ")",
        "searches in searches": lambda: base + " [search " * 2_000 + "a=b" + "]" * 2_000,
        "pipes": lambda: base + " | search a=b" * 20_000,
        "columns of columns": lambda: (
            base + "".join(f" | eval c{n}=c{n - 1}.c{n - 1}" for n in range(1, 5_000)) + " | where c9=1"
        ),
        "functions in functions": lambda: base + " | where " + "if(a=b, " * 3_000 + "1" + ", 2)" * 3_000,
        "cases without end": lambda: (
            base + " | eval a=case(" + ", ".join(f'b="{n}", "{n}"' for n in range(20_000)) + ") | where a=1"
        ),
        "regular expressions": lambda: base + f' | rex field=a "(?<x>{WIDE})" | regex b="{GREEDY}" | where match(c, "{WIDE}")',
        "an open quote": lambda: base + ' a="' + "\\" * 10_001,
        "backticks": lambda: base + " `" * 50_001,
        "calls in calls": lambda: "`a(" * 3_000 + "x" + ")`" * 3_000,
        "integers": lambda: base + " EventCode=" + "9" * 1_000_000 + " | where x > " + "9" * 1_000_000,
        "a data model": lambda: (
            "| tstats count from datamodel=Endpoint.Processes where "
            + " OR ".join(f"Processes.process=a{n}" for n in range(30_000))
            + " by Processes.dest"
        ),
        "stars": lambda: "process=" + "*a" * 50_000,
        "lookups": lambda: base + " | lookup a b OUTPUT c | search c=1" * 5_000,
    }
    for what, make in texts.items():
        yield f"splunk: {what}", Case("detections/rule.yml", lambda make=make: splunk(make()))
    yield (
        "splunk: macros of themselves",
        Case(
            "detections/rule.yml",
            lambda: splunk("`ping` a=b"),
            {
                "macros/ping.yml": "name: ping\ndefinition: '`pong` x=1'\n",
                "macros/pong.yml": "name: pong\ndefinition: '`ping` `pong`'\n",
            },
        ),
    )
    doubling = {f"macros/m{n}.yml": f"name: m{n}\ndefinition: '`m{n + 1}` OR `m{n + 1}`'\n" for n in range(40)}
    yield (
        "splunk: macros that double",
        Case("detections/rule.yml", lambda: splunk("`m0` a=b"), doubling | {"macros/m40.yml": "name: m40\ndefinition: x=1\n"}),
    )
    yield (
        "splunk: arguments that multiply",
        Case(
            "detections/rule.yml",
            lambda: splunk("`grow(" + "a" * 1_000 + ")`"),
            {"macros/grow.yml": "name: grow(1)\narguments: [x]\ndefinition: '" + "$x$ " * 2_000 + "`grow($x$$x$)`'\n"},
        ),
    )


def kusto_cases() -> Iterator[tuple[str, Case]]:
    """Queries, and the templates that they travel in."""
    table = "DeviceProcessEvents"
    texts: dict[str, Callable[[], str]] = {
        "deep parentheses": lambda: f"{table} | where " + "(" * DEEP + 'a == "b"' + ")" * DEEP,
        "deep NOTs": lambda: f"{table} | where " + "not(" * DEEP + 'a == "b"' + ")" * DEEP,
        "a hundred thousand terms": lambda: f"{table} | where " + " or ".join(['a == "b"'] * MANY),
        "branches that explode": lambda: f"{table} | where " + exploding("or", " and ", lambda n: f'f{n} == "a{n}"'),
        "a huge list": lambda: f"{table} | where FileName in~ (" + ", ".join(f'"a{n}.exe"' for n in range(60_000)) + ")",
        "a huge list by name": lambda: (
            "let l = dynamic([" + ", ".join(f'"a{n}"' for n in range(60_000)) + f"]);\n{table} | where FileName in (l)"
        ),
        "pipes": lambda: table + ' | where a == "b"' * 10_000,
        "a let of itself": lambda: (
            f"let a = a | where b == 1;\nlet f = (x: string) {{ f(x) }};\na | union {table} | where f('x')"
        ),
        "lets that double": lambda: (
            f"let t0 = {table};\n"
            + "".join(f"let t{n} = union t{n - 1}, t{n - 1};\n" for n in range(1, 60))
            + 't59 | where a == "b"'
        ),
        "functions that double": lambda: (
            "let f0 = (x: string) { x };\n"
            + "".join(f"let f{n} = (x: string) {{ strcat(f{n - 1}(x), f{n - 1}(x)) }};\n" for n in range(1, 60))
            + f'{table} | where f59(a) == "b"'
        ),
        "joins in joins": lambda: table + f" | join ({table}" * 1_000 + ") on a" * 1_000,
        "columns of columns": lambda: (
            table + "".join(f" | extend c{n} = strcat(c{n - 1}, c{n - 1})" for n in range(1, 3_000)) + ' | where c9 == "a"'
        ),
        "a table of data": lambda: (
            "let t = datatable(a: string) [" + ", ".join(f'"a{n}"' for n in range(60_000)) + f"];\n{table} | where a in (t)"
        ),
        "deep dynamic": lambda: f"{table} | where a in (dynamic({'[' * DEEP}{']' * DEEP}))",
        "an open string": lambda: f'{table} | where a == @"' + "x" * MANY,
        "an open block": lambda: f"{table} | where a == ```" + "x" * MANY,
        "regular expressions": lambda: (
            f'{table} | where a matches regex @"{WIDE}" | extend x = extract(@"{GREEDY}", 1, a) | where x == "b"'
        ),
        "integers": lambda: f"{table} | where a == " + "9" * 1_000_000,
        "cases in cases": lambda: f"{table} | where " + "iff(a == 1, true, " * 3_000 + "false" + ")" * 3_000,
        "comments": lambda: "// x\n" * 200_000 + f'{table} | where a == "b"',
    }
    for what, make in texts.items():
        yield f"kusto: {what}", Case("rule.yaml", lambda make=make: kusto(make()))
        if what in ("deep parentheses", "lets that double", "an open string", "a hundred thousand terms"):
            yield f"kql file: {what}", Case("rule.kql", make)
    resource = {"type": "Microsoft.OperationalInsights/workspaces/providers/alertRules", "kind": "Scheduled",
                "properties": {"displayName": "a", "query": "T | where a == 1", "severity": "High"}}  # fmt: skip
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "resources": [resource],
    }
    yield (
        "kusto template: thousands of rules",
        Case("rule.json", lambda: json.dumps({**template, "resources": [resource] * 4_000}), rules=500),
    )
    yield (
        "kusto template: deep",
        Case("rule.json", lambda: json.dumps(template)[:-1] + ', "x": ' + '{"resources": [' * DEEP + "]}" * DEEP + "}"),
    )
    yield "kusto template: a variable of itself", Case(
        "rule.json",
        lambda: json.dumps(
            {**template, "variables": {"a": "[variables('a')]", "b": "[concat(variables('b'), variables('b'))]"},
             "resources": [{**resource, "properties": {**resource["properties"], "query": "[variables('a')]"}}]}  # type: ignore[dict-item]
        ),
    )  # fmt: skip


def yaral_cases() -> Iterator[tuple[str, Case]]:
    """YARA-L's sections."""
    one = '$e.target.process.file.full_path = "a"'
    texts: dict[str, Callable[[], str]] = {
        "deep parentheses": lambda: yaral("(" * DEEP + one + ")" * DEEP),
        "deep NOTs": lambda: yaral("not " * DEEP + one),
        "deep NOTs and parentheses": lambda: yaral("not (" * DEEP + one + ")" * DEEP),
        "a hundred thousand terms": lambda: yaral(" or ".join([one] * MANY)),
        "a hundred thousand lines": lambda: yaral("\n".join([one] * 30_000)),
        "branches that explode": lambda: yaral(exploding("or", "\n", lambda n: f'$e.f{n} = "a{n}"')),
        "thousands of variables": lambda: yaral("\n".join(f'$e{n}.target.hostname = "a"' for n in range(8_000))),
        "regular expressions": lambda: yaral(f"re.regex($e.target.hostname, `{WIDE}`) nocase\n$e.target.hostname = /{GREEDY}/"),
        "an open expression": lambda: yaral("$e.target.hostname = /" + "x" * MANY),
        "an open string": lambda: yaral('$e.target.hostname = "' + "\\" * 10_001),
        "an open backtick": lambda: yaral("re.regex($e.target.hostname, `" + "x" * MANY),
        "an open comment": lambda: yaral("/* " + "x" * MANY),
        "functions in functions": lambda: yaral("strings.to_lower(" * 3_000 + "$e.target.hostname" + ")" * 3_000 + ' = "a"'),
        "placeholders of placeholders": lambda: yaral("\n".join(f"$p{n} = $p{n - 1}" for n in range(1, 5_000)) + "\n" + one),
        "outcomes": lambda: yaral(one, "  outcome:\n" + "".join(f"    $o{n} = max($e.a)\n" for n in range(10_000))),
        "integers": lambda: yaral("$e.target.port = " + "9" * 1_000_000),
        "meta without end": lambda: YARAL.replace("meta:\n", "meta:\n" + "".join(f'    k{n} = "v"\n' for n in range(30_000))),
        "braces": lambda: "rule a {\n" + "{" * MANY,
        "a thousand rules": lambda: "\n".join(YARAL.replace("download_by_certutil", f"r{n}") for n in range(1_000)),
        "a list of lists": lambda: yaral("$e.target.hostname in %hosts\n$e.principal.ip in cidr %nets\n" * 3_000),
    }  # fmt: skip
    for what, make in texts.items():
        yield f"yaral: {what}", Case("rule.yaral", make, rules=500 if "rules" in what else 1)


def cases() -> dict[str, Case]:
    """Every case by its name."""
    found: dict[str, Case] = {}
    for some in (every_dialect, yaml_dialects, sigma_cases, elastic_cases, splunk_cases, kusto_cases, yaral_cases):
        for name, case in some():
            assert name not in found, name
            found[name] = case
    return found
