from linter.dialects import elastic
from linter.rule import Predicate, Rule
from linter.source import Source

META = '[metadata]\ncreation_date = "2024/05/01"\nintegration = ["aws"]\nmaturity = "production"\n\n'
HEAD = '[rule]\nauthor = ["Ann", "Bob"]\nrule_id = "11111111-2222-4333-8444-555555555555"\nname = "A name"\nrisk_score = 21\n'


def rule(body: str, text: str = META + HEAD, path: str = "rules/r.toml") -> tuple[Source, Rule]:
    source = Source(path, text + body)
    assert elastic.recognises(source)
    reading = elastic.read(source)
    assert reading.problems == ()
    (made,) = reading.rules
    return source, made


def seen(source: Source, made: Rule) -> list[tuple[str, str, str, bool, str]]:
    return [(p.field, p.op, p.value, p.excluded, source.text[p.start : p.end]) for p in made.predicates()]


def only(made: Rule) -> Predicate:
    (predicate,) = made.predicates()
    return predicate


def test_metadata() -> None:
    source, made = rule(
        'type = "eql"\nlanguage = "eql"\nseverity = "high"\ntags = ["Domain: Endpoint", "OS: Windows", "Domain: Cloud"]\n'
        'false_positives = ["""\n  Admins.\n  """]\nindex = ["logs-*"]\n'
        'note = "See 99999999-2222-4333-8444-555555555555."\nquery = "process where true"\n'
        '[[rule.exceptions_list]]\nid = "endpoint_list"\nlist_id = "endpoint_list"\n'
    )
    assert (made.vendor, made.id, made.title) == ("elastic", "11111111-2222-4333-8444-555555555555", "A name")
    assert source.text[made.start : made.end] == "A name"
    assert (made.author, made.date, made.status, made.level, made.kind) == (
        "Ann, Bob",
        "2024/05/01",
        "production",
        "high",
        "rule",
    )
    assert (made.domain, made.platforms) == ("Endpoint, Cloud", ("windows", "aws"))
    assert made.false_positives == ("Admins.",)
    assert [(r.id, r.kind) for r in made.related] == [("99999999-2222-4333-8444-555555555555", "mention")]
    assert [(item.name, item.negated) for item in made.lists] == [("endpoint_list", True)]
    start, end = made.anchor("query")
    assert source.text[start:end] == '"process where true"'
    assert rule('query = "a:b"', path="rules/_deprecated/r.toml")[1].status == "deprecated"


def test_techniques_stand_where_their_ids_do() -> None:
    source, made = rule(
        'query = "a:b"\n[[rule.threat]]\nframework = "MITRE ATT&CK"\n[[rule.threat.technique]]\nid = "T1021"\nname = "x"\n'
        '[[rule.threat.technique.subtechnique]]\nid = "T1021.002"\n[[rule.threat.technique]]\nid = "T1570"\n'
        '[rule.threat.tactic]\nid = "TA0008"\n[[rule.threat]]\n[[rule.threat.technique]]\nid = "T1047"\n'
    )
    assert [t.original for t in made.techniques] == ["T1021", "T1021.002", "T1570", "T1047"]
    assert [source.text[t.start : t.end] for t in made.techniques] == ["T1021", "T1021.002", "T1570", "T1047"]
    assert source.text[slice(*made.anchor("threat"))] == "[[rule.threat]]"


def test_places_in_every_kind_of_toml_string() -> None:
    for ends in ("\n", "\r\n"):
        for body in (
            "query = '''\nprocess where\n  a : \"C:\\\\x\" and\n  b == 1\n'''",
            'query = """\nprocess where \\\n   a : "C:\\\\\\\\x" and \\\n\n  b == 1"""',
            'query = "process where a : \\"C:\\\\\\\\x\\" and b == 1"',
            "query = 'process where a : \"C:\\\\x\" and b == 1'",
        ):
            text = (META + HEAD + 'type = "eql"\n' + body + "\n").replace("\n", ends)
            source = Source("r.toml", text)
            (made,) = elastic.read(source).rules
            first, second = made.predicates()
            assert (first.value, second.value) == ("C:\\x", "1")
            assert source.text[second.start : second.end] == "b == 1"
            assert source.text[first.start] == "a"
            assert source.text[first.start : first.end].endswith(('x"', 'x\\"'))


def test_filters_are_predicates_at_their_place() -> None:
    source, made = rule(
        'language = "kuery"\ntype = "query"\nquery = "a:b"\n'
        '[[rule.filters]]\n[rule.filters.meta]\nnegate = true\n[rule.filters.query.wildcard."file.path"]\n'
        'case_insensitive = true\nvalue = "?:\\\\\\\\Temp\\\\\\\\*"\n'
        '[[rule.filters]]\n[rule.filters.meta]\ndisabled = true\n[rule.filters.query.match_phrase]\n"no" = "no"\n'
        '[[rule.filters]]\nquery = {bool = {should = [{match_phrase = {c = "1"}}, {term = {d = {value = 2}}}], '
        "must_not = [{exists = {field = 'e'}}, {range = {f = {gte = 3}}}], minimum_should_match = 1}}\n"
        "[[rule.filters]]\nquery = {query_string = {query = 'g:h AND NOT i:j*'}}\n"
        "[[rule.filters]]\nmeta = {type = 'combined', relation = 'OR', params = [{query = {terms = {k = [4, true]}}}, "
        "{query = {prefix = {l = 'm'}}}]}\n"
    )
    assert seen(source, made) == [
        ("a", "eq", "b", False, "a:b"),
        ("file.path", "like", "?:\\Temp\\*", True, '"?:\\\\\\\\Temp\\\\\\\\*"'),
        ("c", "eq", "1", False, '"1"'),
        ("d", "eq", "2", False, "2"),
        ("e", "exists", "", True, "'e'"),
        ("f", "gte", "3", True, "3"),
        ("g", "eq", "h", False, "g:h"),
        ("i", "startswith", "j", True, "i:j*"),
        ("k", "eq", "4", False, "4"),
        ("k", "eq", "true", False, "true"),
        ("l", "startswith", "m", False, "'m'"),
    ]


def test_a_threat_match_has_a_derived_tree_of_its_own() -> None:
    _, made = rule(
        'type = "threat_match"\nlanguage = "kuery"\nquery = "a:b"\nthreat_query = "c:d"\nthreat_index = ["filebeat-*"]\n'
        '[[rule.threat_filters]]\n[rule.threat_filters.query.match_phrase]\n"e" = "f"\n'
    )
    assert len(made.trees) == 2
    assert [(p.field, p.derived) for p in made.predicates()] == [("a", False), ("c", True), ("e", True)]


def test_kinds() -> None:
    _, made = rule('type = "machine_learning"\nmachine_learning_job_id = "x"\n')
    assert (made.kind, made.trees) == ("ml", ())
    assert rule('building_block_type = "default"\nquery = "a:b"')[1].kind == "building_block"
    assert rule('type = "saved_query"\nsaved_id = "x"')[1].trees == ()
    for language, query in (("lucene", "f:v"), ("esql", 'from x | where f == \\"v\\"'), ("eql", 'any where f == \\"v\\"')):
        assert only(rule(f'language = "{language}"\nquery = "{query}"')[1])[:3] == ("f", "eq", "v")
    assert only(rule('type = "new_terms"\nquery = "f:v"\n[rule.new_terms]\nfield = "x"\nvalue = ["y"]')[1]).field == "f"
    assert only(rule('type = "threshold"\nquery = "f:v"\n[rule.threshold]\nfield = ["x"]\nvalue = 5')[1]).field == "f"


def test_a_sequence_is_several_trees() -> None:
    source, made = rule(
        "type = \"eql\"\nquery = '''\nsequence by host.id\n  [process where a == 1]\n  ![network where b == 2]\n'''\n"
        "[[rule.filters]]\nquery = {term = {c = 3}}\n"
    )
    assert len(made.trees) == 2
    assert seen(source, made) == [
        ("a", "eq", "1", False, "a == 1"), ("c", "eq", "3", False, "3"),
        ("b", "eq", "2", True, "b == 2"), ("c", "eq", "3", False, "3"),
    ]  # fmt: skip


def test_an_endpoint_rule() -> None:
    text = (
        '[rule]\ndescription = "x"\nid = "22222222-2222-4333-8444-555555555555"\nname = "Endpoint"\n'
        'os_list = ["windows"]\nversion = "1.0.1"\n'
        "query = '''\nsequence with maxspan=1m\n [process where a : \"x*\"]\n [library where\n"
        "   _arraysearch(process.thread.Ext.call_stack, $entry, $entry.symbol_info : \"*y*\") and b.c == process.pid]\n'''\n"
        'optional_actions = []\n[[actions]]\naction = "kill_process"\n[[threat]]\nframework = "MITRE ATT&CK"\n'
        '[[threat.technique]]\nid = "T1055"\n[threat.tactic]\nid = "TA0005"\n[internal]\nmin_endpoint_version = "8.0"\n'
    )
    source, made = rule("", text)
    assert (made.id, made.title, made.platforms) == ("22222222-2222-4333-8444-555555555555", "Endpoint", ("windows",))
    assert [t.id for t in made.techniques] == ["T1055"]
    assert [(p.field, p.op, p.value, p.derived) for p in made.predicates()] == [
        ("a", "startswith", "x", False),
        ("process.thread.Ext.call_stack.symbol_info", "contains", "y", False),
        ("b.c", "eq", "process.pid", True),
    ]
    assert source.text[slice(*made.anchor("threat"))] == "[[threat]]"


def test_other_toml_is_none_of_ours() -> None:
    for text in (
        "[project]\nname = 'rule'\nquery = 1",
        "# [rule]\nquery = 'x'",
        "title: x\n[rule] query",
        "[rules]\nquery = 1",
        "",
    ):
        assert not elastic.recognises(Source("x.toml", text))


def problem(body: str, text: str = META + HEAD) -> tuple[str, str, str]:
    source = Source("r.toml", text + body)
    reading = elastic.read(source)
    assert reading.rules == ()
    (found,) = reading.problems
    assert 0 <= found.start <= len(source.text)
    return found.message, source.text[found.start : found.end], found.title


def test_problems_have_a_place() -> None:
    assert problem('type = "eql"\nquery = \'\'\'\nprocess where a ==\n  "x" and b = 1\n\'\'\'') == (
        "the EQL query can't be read: unknown operator '=': EQL compares with '==' or ':'", "=", "A name",
    )  # fmt: skip
    assert problem('language = "klingon"\nquery = "x"')[:2] == ("unknown query language 'klingon'", "klingon")
    assert problem('type = "eql"')[:2] == ("the rule has no query", "A name")
    assert problem("query = 3")[:2] == ("the query is not text", "3")
    message, where, _ = problem("query = 'a:b'\nname = 'twice'")
    assert message.startswith("not TOML: ")
    assert where == "\n" or "twice" in where or where
    assert problem("query = 'a:b")[0].startswith("not TOML: ")
    assert "process where (a == 1"[15:] in problem('type = "eql"\nquery = "process where (a == 1"')[1] + "a == 1"


def test_hostile_toml() -> None:
    for body in (
        "x = " + "[" * 10_000 + "]" * 10_000, "x = " + "{a=" * 10_000, "[" + "a." * 50_000 + "a]\nx = 1",
        "a." * 50_000 + "a = 1",
        "x = " + "9" * 1_000_000, 'x = "' + "\\" * 99_999, "x = '''" + "'" * 99_998,
        "query = 'a:b'\n" + "[[rule.filters]]\n" * 20_000,
        "query = '" + "(" * 100_000 + "'", "\n" * 1_000_000 + "x =", " " * 1_000_000 + "x =",
        "#\n" * 1_000_000 + "=",
        "x = \x00", "[[rule]]", "[rule.query]\nx = 1", "query = ''\n[rule.threat]\nid = 1",
    ):  # fmt: skip
        source = Source("r.toml", META + HEAD + body)
        reading = elastic.read(source)
        assert all(0 <= found.start <= len(source.text) for found in reading.problems)
    for text in ("[rule]", "rule = 3\nquery = 1", "[rule]\nname = 3\nquery = 4\ntags = 5", "[[rule]]\nquery = 'x'"):
        assert len(elastic.read(Source("r.toml", text)).problems) == 1
    _, made = rule(
        "query = 'a:b'\nfilters = 3\nthreat = [1, {technique = 2}, {technique = [3, {id = 4}]}]\n"
        "exceptions_list = [5]\ntags = [6]"
    )
    assert made.techniques == ()
