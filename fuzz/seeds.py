# ruff: noqa: E501
"""Rules and words to begin with, written here."""

from __future__ import annotations

from tests.rules import ELASTIC, KUSTO, NOISY, SPLUNK, YARAL, sigma

_EXPORT = '{"id":"x","rule_id":"y","name":"n","type":"query","language":"kuery","query":"a:b and not c:*d*","risk_score":1}\n'
_TEMPLATE = (
    '{"$schema":"deploymentTemplate.json#","resources":[{"type":"Microsoft.SecurityInsights/alertRules","kind":"Scheduled",'
    '"properties":{"displayName":"a","query":"T | where a == \\"b\\"","tactics":["Execution"]}}]}'
)


def _elastic(query: str, language: str) -> str:
    head, _, rest = ELASTIC.partition("query = '''")
    return head.replace('"eql"', f'"{language}"') + f"query = '''\n{query}\n'''" + rest.partition("'''")[2]


def _kusto(query: str) -> str:
    return KUSTO.partition("query: |\n")[0] + "query: |\n  " + query.replace("\n", "\n  ") + "\nversion: 1.0.0\n"


def _splunk(search: str) -> str:
    head, _, rest = SPLUNK.partition("search: ")
    return head + "search: |-\n  " + search + "\ntags:" + rest.partition("\ntags:")[2]


SEEDS: dict[str, tuple[str, ...]] = {
    "sigma": (
        sigma(condition="selection and not 1 of filter_*").replace(
            "  condition", "  filter_a:\n    User|expand: '%admins%'\n  filter_b:\n    - Image: null\n    - Image|re: '^x(a|b)+$'\n  condition"
        ),
        NOISY,
        "title: a\ncorrelation:\n  type: event_count\n  rules: [a]\n  group-by: [b]\n  timespan: 5m\n  condition: {gte: 3}\n",
        "action: global\ntitle: a\nlogsource: {product: windows}\n---\ndetection: {s: [a, b], condition: s}\n",
        "title: f\nlogsource: {category: process_creation}\nfilter:\n  rules: any\n  s: {A|cidr: 10.0.0.0/8}\n  condition: not s\n",
    ),
    "elastic": (
        ELASTIC,
        _elastic("sequence by host.id with maxspan=1m\n [process where a : \"b*\"] by x\n [any where not c in (1, 2)]\n| head 1", "eql"),
        _elastic("a:(b or c) and not d:\"e f\" and {g: h*} and x > 3", "kuery"),
        _elastic("a:[1 TO 5} AND (NOT b:/c.*d/ OR _exists_:e) ~2", "lucene"),
        _elastic("from logs-* metadata _id | where a == \"b\" and c rlike \"x.*\" | eval d = case(a, 1, 2) | stats n = count(*) by d", "esql"),
        _EXPORT,
        "[" + _EXPORT.strip() + "]",
    ),
    "splunk": (
        SPLUNK,
        _splunk("index=a (b=1 OR c IN (x, \"y z\")) NOT d=* | eval e=if(match(f, \"^g\"), \"h\", i) | where e!=\"j\" | `k_filter`"),
        _splunk("`m(\"a\", b)` | lookup l x OUTPUT y | search NOT [| inputlookup z | fields w] | stats count by v | rex field=u \"(?<t>s+)\""),
    ),
    "kusto": (
        KUSTO,
        _kusto("let l = dynamic(['a', \"b\"]);\nT | where a in~ (l) and not(b has_any ('c', 'd')) | extend e = tolower(f)\n| join kind=inner (U | where g !~ @'h') on i | summarize count() by j"),
        _kusto("let f = (x: string) { V | where k == x };\nunion isfuzzy=true (f('m')), (W | where n matches regex 'o.*' and ipv4_is_in_range(p, '10.0.0.0/8'))"),
        _TEMPLATE,
    ),
    "yaral": (
        YARAL,
        "rule r { meta: severity = \"Low\" events: $e.a.b = $x not $e.c in %l ($e.d = /e.*f/ nocase or any $e.g[0].h != \"i\") $e.j > 3 "
        "match: $x over 5m outcome: $o = max(if($e.k = 1, 2)) condition: #e > 1 and not $f }\n",
    ),
}  # fmt: skip
_YAML = (
    "---\n",
    "- ",
    ": ",
    "|\n  ",
    ">-\n",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!binary ",
    "{",
    "}",
    "[",
    "]",
    "'",
    '"',
    "#",
    "\t",
    "\n  ",
    "null",
    "~",
    "? ",
)
WORDS: dict[str, tuple[str, ...]] = {
    "sigma": (*_YAML, "|contains", "|all", "|re", "|cidr", "|windash", "|base64offset", "|fieldref", "|exists", "|expand", "1 of ", "all of them",
              "not ", " and ", " or ", "(", ")", "selection", "filter_*", "condition: ", "detection:\n", "*", "?", "\\", "\\*", "attack.t1105\n"),
    "elastic": ("'''", '"""', '"', "[[a]]\n", "[a.b]\n", " = ", "{", "}", "[", "]", ",", "and ", "or ", "not ", "where ", "sequence ", "by ", " : ",
                "== ", "in (", "like~ ", "regex ", "wildcard(", "|", "stats ", "eval ", "grok ", "from ", "TO ", "*", "?", "\\", "/", "~", "^2", "!", "`",
                "_exists_:", "language = ", "type = ", "\\u0000", "\\ud800"),
    "splunk": (*_YAML, "|", "search ", "eval ", "where ", "stats ", "tstats ", "rex ", "lookup ", "NOT ", " OR ", " AND ", " IN (", "(", ")", "`", "`a`",
               "`a(1)`", "=", "!=", "<", '"', "\\", "*", "TERM(", "CASE(", "if(", "match(", "like(", "[", "]", "$x$", "index=", "datamodel="),
    "kusto": (*_YAML, "|", "where ", "let ", "extend ", "join ", "union ", "project ", "summarize ", "mv-expand ", "parse ", "datatable(a:string)[", "dynamic(",
              "has ", "has_any ", "in~ ", "!in ", "=~ ", "!= ", "between (", "..", "matches regex ", "not(", "(", ")", ";", "=>", "@\"", "h'", "```", "//",
              "iff(", "case(", "toscalar(", "externaldata(", "_GetWatchlist('a')"),
    "yaral": ("rule a {", "}", "meta:", "events:", "match:", "outcome:", "condition:", "options:", "$e", "$e.a", "#e", "%l", "%l.c", "/", "`", '"', "//", "/*",
              "*/", "not ", "and ", "or ", "nocase", "in ", "cidr ", "any ", "all ", "re.regex(", "strings.concat(", "(", ")", "=", "!=", ">", "[0]", "[\"a\"]",
              "over 5m", "if(", "max("),
}  # fmt: skip
