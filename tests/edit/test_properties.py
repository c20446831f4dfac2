"""Any layout of a rule keeps everything outside the edit, byte for byte."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linter.dialects import sigma
from linter.dialects.edit import proof, registry
from linter.dialects.edit.base import Refused
from linter.finding import AddExclusion, Fix, RemoveSelection
from linter.source import Source

VALUES = ("\\certutil.exe", "it's", "a b", "C:\\Program Files\\x", "#no", "x: y", "1", "true", "", "-", "é€𝄞", '"q"', "a\\\\b")
COMMENTS = ("", "  # c", "  #", " # it's: [x]")


@st.composite
def scalars(draw: st.DrawFn, *, flow: bool = False) -> str:
    value = draw(st.sampled_from(VALUES))
    style = draw(st.sampled_from(("'", '"', "plain")))
    if style == "plain" and value and value[0].isalpha() and ":" not in value and "'" not in value:
        return value
    if style == '"':
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return "'" + value.replace("'", "''") + "'"


@st.composite
def selections(draw: st.DrawFn, indent: str, step: str, anchors: list[str]) -> list[str]:
    """The lines of a selection's body, the first one to follow the name's colon."""
    comment = draw(st.sampled_from(COMMENTS))
    shape = draw(st.sampled_from(("map", "list", "flow", "flowlist", "maps", "alias", "anchor", "block")))
    inner = indent + step
    if shape == "alias" and anchors:
        return [f" *{draw(st.sampled_from(anchors))}{comment}"]
    if shape == "flow":
        return [f" {{Image: {draw(scalars(flow=True))}, User|contains: [{draw(scalars(flow=True))}]}}{comment}"]
    if shape == "flowlist":
        return [f" [{{Image: {draw(scalars(flow=True))}}},", f"{inner}{{User: {draw(scalars(flow=True))}}}]{comment}"]
    if shape == "list":
        dash = draw(st.sampled_from((inner, indent)))
        return [comment, f"{dash}- {draw(scalars())}", f"{dash}- {draw(scalars())}{draw(st.sampled_from(COMMENTS))}"]
    if shape == "maps":
        return [
            comment,
            f"{inner}- Image: {draw(scalars())}",
            f"{inner}  User: {draw(scalars())}",
            f"{inner}- User: {draw(scalars())}",
        ]
    if shape == "block":
        mark = draw(st.sampled_from(("|", ">", "|-", ">-")))
        return [comment, f"{inner}CommandLine: {mark}", f"{inner}    text", "", f"{inner}    # more"]
    lines = [comment, f"{inner}Image|endswith: {draw(scalars())}{draw(st.sampled_from(COMMENTS))}"]
    if shape == "anchor":
        anchors.append(f"a{len(anchors)}")
        lines[0] = f" &{anchors[-1]}{comment}"
    if draw(st.booleans()):
        dash = inner + draw(st.sampled_from(("", step)))
        lines += [f"{inner}User:", f"{dash}- {draw(scalars())}{draw(st.sampled_from(COMMENTS))}", f"{dash}- {draw(scalars())}"]
    if draw(st.booleans()):
        lines.append(f"{inner}{draw(st.sampled_from(('# deeper', '    # deepest')))}")
    return lines


@st.composite
def rules(draw: st.DrawFn) -> tuple[str, list[str]]:
    """(a rule, the names of its selections); `sel_a` is used, `spare` is not."""
    outer = " " * draw(st.integers(1, 5))
    step = " " * draw(st.integers(1, 5))
    names = ["sel_a", *draw(st.lists(st.sampled_from(("filter_main_x", "filter", "sel_b", "spare")), unique=True, max_size=3))]
    names = draw(st.permutations(names))
    parts = ["sel_a"] + [f"not {name}" if name == "filter" else name for name in names if name in ("filter", "sel_b")]
    parts += ["not 1 of filter_main_*"] if "filter_main_x" in names else []
    condition = draw(
        st.sampled_from((" and ", " and  ")) if any("not" in part for part in parts) else st.sampled_from((" or ", " and "))
    ).join(parts)
    written = draw(st.sampled_from(("{}", "'{}'", '"{}"', ">-\n" + outer + step + "{}", "|\n" + outer + step + "{}")))
    anchors: list[str] = []
    blocks: list[list[str]] = []
    for name in names:
        body = draw(selections(outer, step, anchors))
        blocks.append([f"{outer}{name}:{body[0]}", *body[1:]])
    tail = "" if written[0] in ">|" else draw(st.sampled_from(COMMENTS))
    blocks.insert(draw(st.integers(0, len(blocks))), [f"{outer}condition: {written.format(condition)}{tail}"])
    lines = [
        "title: x",
        "id: 7b0c9a5e-0d57-4d5c-8a4f-4b6d1f0a0001",
        "logsource: {category: process_creation, product: windows}",
    ]
    lines.append(f"detection:{draw(st.sampled_from(COMMENTS))}")
    for block in blocks:
        if draw(st.integers(0, 3)) == 0:
            lines += draw(st.sampled_from(([""], [f"{outer}# about it"], ["# at the margin"], ["", f"{outer}# about it"])))
        lines += block
    lines += draw(st.sampled_from(([], ["level: high"], ["", "# end"], ["level: high", ""])))
    return "\n".join(lines), names


@st.composite
def files(draw: st.DrawFn) -> tuple[str, list[str], int]:
    """(a file, the names of the selections of one of its rules, that rule's number)."""
    text, names = draw(rules())
    many = draw(st.integers(0, 2))
    before = [draw(rules())[0] for _ in range(many)]
    text = "\n---\n".join([*before, text])
    text += draw(st.sampled_from(("", "\n", "\n...\n")))
    if draw(st.booleans()):
        text = "---\n" + text
    return text.replace("\n", draw(st.sampled_from(("\n", "\r\n")))), names, many


INTENTS = (
    AddExclusion("ParentImage", "endswith", "\\svchost.exe"),
    AddExclusion("CommandLine", "contains", "it's: #1", (("User", "null", ""),)),
    AddExclusion("Image", "startswith", "C:\\Program Files\\Google\\"),
)


def made(text: str, at: int, intent: AddExclusion | RemoveSelection) -> tuple[Fix, str] | None:
    source = Source("a.yml", text)
    reading = sigma.read(source)
    if reading.problems:
        return None
    try:
        fix = registry.fix(source, reading.rules[at], intent)
        return fix, proof.carried_out(source, reading, reading.rules[at], intent, fix).source.text
    except (Refused, proof.Unproven):
        return None


SETTINGS = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
done = {"made": 0, "all": 0}


@SETTINGS
@given(files(), st.sampled_from(INTENTS))
def test_an_exclusion_leaves_everything_else(file: tuple[str, list[str], int], intent: AddExclusion) -> None:
    text, _, at = file
    result = made(text, at, intent)
    done["all"] += 1
    if result is None:
        return
    done["made"] += 1
    _, new = result
    source = Source("a.yml", text)
    start, end = sigma.read(source).rules[at].anchor("condition")
    first, last = source.position(start).line, source.position(max(start, end - 1)).line
    old_lines, new_lines = text.split("\n"), new.split("\n")
    # Everything but the condition's lines is found again, in order.
    rest = [line.rstrip("\r") for number, line in enumerate(old_lines, 1) if not first <= number <= last]
    found = iter(line.rstrip("\r") for line in new_lines)
    assert all(any(line == other for other in found) for line in rest)
    end_of_line = "\r\n" if "\r\n" in text else "\n"
    assert new.count("\n") == new.count(end_of_line)
    assert made(new, at, intent) is None  # a second time there is nothing to do


def test_most_layouts_are_edited() -> None:
    assert done["made"] > 0.8 * done["all"], done


@SETTINGS
@given(files())
def test_a_removed_selection_leaves_everything_else(file: tuple[str, list[str], int]) -> None:
    text, names, at = file
    if "spare" not in names:
        return
    result = made(text, at, RemoveSelection("spare"))
    if result is None:
        return
    fix, new = result
    (edit,) = fix.edits
    assert new == text[: edit.start] + text[edit.end :]
    gone = text[edit.start : edit.end]
    assert "spare" in gone
    assert not any(f" {name}:" in gone.replace("\r\n", "\n") for name in names if name != "spare")
    assert "condition" not in gone
