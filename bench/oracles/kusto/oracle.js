// Reads [{"path", "query"}, …] as JSON from a file, parses each query with Microsoft's parser, and writes one JSON line a query:
//   {"path", "errors": [text], "comparisons": [{"start", "end", "op", "left", "values", "negated"}]}
// for every comparison in a condition of `where`. `left` is {"raw": field} for a column of the table (through renames and
// wrappers such as tostring), {"computed": true} for anything else; `values` are constants, let-bound lists put in, or null
// where the right side is not constant. Written apart from siftlint's own reading, after the public documentation of KQL.
"use strict";
require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
const fs = require("fs");
const Kusto = globalThis.Kusto;
const KINDS = {};
for (const [name, value] of Object.entries(Kusto.Language.Syntax.SyntaxKind)) if (typeof value === "number") KINDS[value] = name;

const WRAPPERS = new Set(("tostring tolower toupper toint tolong todouble toreal todecimal tobool toboolean todatetime totimespan toguid " +
  "todynamic parse_json parsejson toobject trim trim_start trim_end dynamic_to_json url_decode int long real double bool decimal").split(" "));
const CONSTANT_CALLS = new Set(["array_concat", "pack_array", "set_union", "materialize", "toscalar", "todynamic", "parse_json"]);
const TESTS = new Set(["isempty", "isnotempty", "isnull", "isnotnull", "notempty", "notnull"]);
const COMPARISONS = new Set(("Equal NotEqual EqualTilde BangTilde Has NotHas HasCs NotHasCs HasPrefix NotHasPrefix HasPrefixCs NotHasPrefixCs " +
  "HasSuffix NotHasSuffix HasSuffixCs NotHasSuffixCs Contains NotContains ContainsCs NotContainsCs StartsWith NotStartsWith StartsWithCs " +
  "NotStartsWithCs EndsWith NotEndsWith EndsWithCs NotEndsWithCs MatchesRegex LessThan LessThanOrEqual GreaterThan GreaterThanOrEqual " +
  "In NotIn InCs NotInCs HasAny HasAll Between NotBetween Like NotLike").split(" ").map(name => name + "Expression"));

const kind = node => KINDS[node.Kind];
function kids(node) {
  const out = [];
  for (let i = 0; i < node.ChildCount; i++) {
    const child = node.GetChild(i);
    if (child && child.ChildCount !== undefined) out.push(child);
  }
  return out;
}
function list(node) { // elements of a (separated) list inside a node
  const out = [];
  for (const child of kids(node)) {
    if (kind(child) === "List") for (const element of kids(child)) out.push(kind(element) === "SeparatedElement" ? element.GetChild(0) : element);
  }
  return out;
}
const text = node => node.ToString(Kusto.Language.Syntax.IncludeTrivia.Interior).trim();
function strip(node) {
  while (node && kind(node) === "ParenthesizedExpression") node = node.Expression;
  return node;
}
const callName = node => node.Name.SimpleName;
const callArguments = node => list(node.ArgumentList);

class Query {
  constructor(code) {
    this.lets = new Map();
    this.found = [];
    this.envs = new Map();
    this.statements(code.Syntax);
    this.walk(code.Syntax);
  }
  statements(root) {
    Kusto.Language.Syntax.SyntaxElement.WalkNodes(root, Bridge.fn.bind(this, node => {
      if (kind(node) === "LetStatement") this.lets.set(node.Name.SimpleName, node.Expression);
      if (kind(node) === "FunctionParameter" && node.DefaultValue) {
        let up = node.Parent;
        while (up && kind(up) !== "QueryParametersStatement" && kind(up) !== "FunctionDeclaration") up = up.Parent;
        if (up && kind(up) === "QueryParametersStatement") this.lets.set(node.NameAndType.Name.SimpleName, node.DefaultValue.Value);
      }
    }));
  }
  walk(root) {
    const visit = node => {
      if (!node || node.ChildCount === undefined) return;
      if (kind(node) === "FilterOperator") this.condition(node.Condition, false, this.before(node));
      for (const child of kids(node)) visit(child);
    };
    visit(root);
  }
  // What the columns are before an operator.
  before(operator) {
    const parent = operator.Parent;
    if (parent && kind(parent) === "PipeExpression") {
      if (parent.Operator === operator) return this.env(parent.Expression);
    }
    let up = parent; // the first operator of a sub-pipeline: `mv-apply … on (where …)`, `partition by x (where …)`
    while (up) {
      const name = kind(up);
      if (name === "MvApplyOperator") return this.apply(this.before(up), up);
      if (name === "PartitionOperator") return this.before(up);
      up = up.Parent;
    }
    return { map: new Map(), closed: false };
  }
  env(node) {
    const key = node.TextStart + ":" + node.End + kind(node);
    if (!this.envs.has(key)) {
      this.envs.set(key, { map: new Map(), closed: false });
      this.envs.set(key, this.compute(node));
    }
    return this.envs.get(key);
  }
  compute(node) {
    node = strip(node);
    const name = kind(node);
    if (name === "NameReference" && this.lets.has(node.SimpleName)) {
      const bound = this.lets.get(node.SimpleName);
      if (kind(bound) !== "FunctionDeclaration") return this.env(bound);
      if (bound.Body.Expression) return this.env(bound.Body.Expression);
    }
    if (name === "PipeExpression") return this.apply(this.env(node.Expression), node.Operator);
    if (name === "FunctionCallExpression") {
      if (callName(node) === "materialize" && callArguments(node).length) return this.env(callArguments(node)[0]);
      const bound = this.lets.get(callName(node));
      if (bound && kind(bound) === "FunctionDeclaration" && bound.Body.Expression) return this.env(bound.Body.Expression);
    }
    if (name === "MaterializeExpression") return this.env(node.Expression);
    if (name === "UnionOperator" || name === "DataTableExpression" || name === "ExternalDataExpression") return this.apply({ map: new Map(), closed: false }, node);
    return { map: new Map(), closed: false };
  }
  apply(env, op) {
    const map = new Map(env.map);
    const computed = { computed: true };
    const named = (nodes, into, from) => {
      for (let item of nodes) {
        if (kind(item) === "MvExpandExpression" || kind(item) === "MvApplyExpression") item = item.Expression;
        if (kind(item) === "SimpleNamedExpression") into.set(item.Name.SimpleName, this.resolve(item.Expression, from));
        else if (kind(item) === "CompoundNamedExpression") for (const one of list(item.Names)) into.set(one.SimpleName, computed);
        else {
          const column = this.resolve(item, from);
          const label = this.label(item);
          if (label) into.set(label, column);
        }
      }
    };
    switch (kind(op)) {
      case "ExtendOperator": case "SerializeOperator": case "ProjectRenameOperator":
        named(op.Expressions ? this.elements(op.Expressions) : [], map, env);
        return { map, closed: env.closed };
      case "MvExpandOperator": case "MvApplyOperator":
        named(this.elements(op.Expressions).filter(item => !/^[\w]+$/.test(text(item))), map, env);
        return { map, closed: env.closed };
      case "ProjectOperator": {
        const fresh = new Map();
        named(this.elements(op.Expressions), fresh, env);
        return { map: fresh, closed: true };
      }
      case "DistinctOperator": {
        const fresh = new Map();
        const items = this.elements(op.Expressions);
        if (items.some(item => text(item) === "*")) return env;
        named(items, fresh, env);
        return { map: fresh, closed: true };
      }
      case "SummarizeOperator": case "MakeSeriesOperator": {
        const fresh = new Map();
        let closed = true;
        for (const item of this.elements(op.Aggregates)) {
          let call = item, label = null;
          if (kind(item) === "MakeSeriesExpression") call = item.Expression;
          if (kind(call) === "SimpleNamedExpression") { label = call.Name.SimpleName; call = call.Expression; }
          if (label) fresh.set(label, computed);
          if (kind(call) !== "FunctionCallExpression") continue;
          const name = callName(call), args = callArguments(call);
          if (/^arg_?(max|min)$/.test(name) || /^(take_)?any(if)?$/.test(name)) {
            for (const arg of args) {
              if (text(arg) === "*") { closed = env.closed; for (const [k, v] of env.map) if (!fresh.has(k)) fresh.set(k, v); }
              else if (this.label(arg)) {
                if (arg !== args[0] || !label || !/^arg/.test(name)) fresh.set(this.label(arg), this.resolve(arg, env));
                if (label && (arg === args[0])) fresh.set(label, this.resolve(arg, env));
                if (name === "any") fresh.set("any_" + this.label(arg), this.resolve(arg, env));
              }
            }
          }
        }
        const by = op.ByClause;
        if (by) named(this.elements(by.Expressions), fresh, env);
        return { map: fresh, closed };
      }
      case "ParseOperator": case "ParseWhereOperator": case "ParseKvOperator":
        Kusto.Language.Syntax.SyntaxElement.WalkNodes(op, Bridge.fn.bind(this, node => {
          if (kind(node) === "NameDeclaration") map.set(node.SimpleName, computed);
        }));
        return { map, closed: env.closed };
      case "JoinOperator": case "LookupOperator": {
        const other = this.env(op.Expression);
        const how = (text(op).match(/kind\s*=\s*(\w+)/) || [])[1] || "";
        if (/^right(anti|semi)/.test(how)) return other;
        if (/anti|semi/.test(how)) return env;
        for (const [name, column] of other.map) {
          const taken = map.has(name) || (!env.closed && !column.computed && column.raw === name);
          if (!taken) map.set(name, column);
          else if (!map.has(name + "1")) map.set(name + "1", column);
        }
        return { map, closed: env.closed && other.closed };
      }
      case "EvaluateOperator": {
        const plugin = text(op).match(/evaluate\s+(?:hint\S+\s*=\s*\S+\s+)?(\w+)/);
        if (plugin && /^(autocluster|basket|diffpatterns|narrow)$/.test(plugin[1])) return { map: new Map(), closed: true };
        return { map, closed: /^(bag_unpack|pivot)$/.test(plugin ? plugin[1] : "") ? false : env.closed };
      }
      case "UnionOperator": {
        const legs = this.elements(op.Expressions).map(leg => this.env(leg));
        if (kind(op.Parent) === "PipeExpression" && op.Parent.Operator === op) legs.unshift(env);
        for (const leg of legs) for (const [name, column] of leg.map) if (!map.has(name) || (map.get(name).computed && !column.computed)) map.set(name, column);
        return { map, closed: legs.length > 0 && legs.every(leg => leg.closed) };
      }
      case "DataTableExpression": case "ExternalDataExpression":
        Kusto.Language.Syntax.SyntaxElement.WalkNodes(op, Bridge.fn.bind(this, node => {
          if (kind(node) === "NameAndTypeDeclaration") map.set(node.Name.SimpleName, computed);
        }));
        return { map, closed: true };
      case "CountOperator": case "GetSchemaOperator": case "ReduceByOperator":
        return { map: new Map(), closed: true };
      case "ScanOperator":
        return { map, closed: env.closed };
      default:
        return env;
    }
  }
  elements(node) {
    return kids(node).map(element => kind(element) === "SeparatedElement" ? element.GetChild(0) : element);
  }
  label(node) {
    node = strip(node);
    const name = kind(node);
    if (name === "NameReference") return node.SimpleName;
    if (name === "SimpleNamedExpression") return node.Name.SimpleName;
    if (name === "PathExpression" || name === "ElementExpression") return text(node).replace(/\W+/g, "_").replace(/^_+|_+$/g, "");
    if (name === "FunctionCallExpression" && callArguments(node).length) return this.label(callArguments(node)[0]);
    return null;
  }
  resolve(node, env) {
    node = strip(node);
    const computed = { computed: true };
    switch (kind(node)) {
      case "SimpleNamedExpression":
        return this.resolve(node.Expression, env);
      case "NameReference": {
        const name = node.SimpleName;
        if (env.map.has(name)) return env.map.get(name);
        if (this.parameter(node, name)) return { parameter: name, computed: true };
        if (this.lets.has(name)) return computed;
        return env.closed ? computed : { raw: name };
      }
      case "BracketedName":
        return { raw: node.Name.LiteralValue };
      case "PathExpression": {
        const base = this.resolve(node.Expression, env);
        if (!base.raw) return base;
        const selector = node.Selector;
        if (kind(selector) === "BracketedExpression") return { raw: base.raw + this.index(selector) };
        if (kind(selector) === "FunctionCallExpression") return computed;
        return { raw: base.raw + "." + selector.SimpleName };
      }
      case "ElementExpression": {
        const base = this.resolve(node.Expression, env);
        return base.raw ? { raw: base.raw + this.index(node.Selector) } : base;
      }
      case "FunctionCallExpression": {
        const name = callName(node), args = callArguments(node);
        if (WRAPPERS.has(name) && args.length) return this.resolve(args[name.startsWith("trim") ? args.length - 1 : 0], env);
        if (/^column_?ifexists$/.test(name) && args.length && kind(args[0]) === "StringLiteralExpression") {
          const wanted = args[0].LiteralValue;
          return env.map.has(wanted) ? env.map.get(wanted) : env.closed ? computed : { raw: wanted };
        }
        if (name === "coalesce") {
          const columns = args.filter(arg => !/Literal/.test(kind(strip(arg)))).map(arg => this.resolve(arg, env));
          return columns.length === 1 ? columns[0] : computed;
        }
        if (/^(iif|iff|case|not|set_has_element)$/.test(name) || TESTS.has(name) || /^ipv4_is/.test(name)) return { computed: true, flag: true };
        return computed;
      }
      default:
        return COMPARISONS.has(kind(node)) || /^(And|Or)Expression$/.test(kind(node)) ? { computed: true, flag: true } : computed;
    }
  }
  index(selector) {
    const inner = selector.Expression;
    if (kind(inner) === "StringLiteralExpression") return "." + inner.LiteralValue;
    return /^-?\s*\d+$/.test(text(inner)) ? `[${text(inner).replace(/\s/g, "")}]` : "[*]";
  }
  parameter(node, name) {
    for (let up = node.Parent; up; up = up.Parent) {
      if (kind(up) === "FunctionDeclaration") {
        for (const one of list(up.Parameters)) if (one.NameAndType && one.NameAndType.Name.SimpleName === name) return true;
      }
    }
    return false;
  }
  // The constants an expression comes to; null where it is not constant.
  values(node, env, depth = 0) {
    node = strip(node);
    const name = kind(node);
    if (depth > 20) return null;
    if (name === "StringLiteralExpression") return [node.LiteralValue];
    if (name === "CompoundStringLiteralExpression") {
      let out = "";
      for (const part of node.Tokens ? this.elements(node.Tokens) : []) out += part.ValueText;
      return [out];
    }
    if (/^(Long|Int|Real|Decimal|Timespan|Boolean)LiteralExpression$/.test(name)) return [text(node).replace(/^(long|int|real|double|decimal|bool|time|timespan)\s*\(\s*(.*?)\s*\)$/, "$2").replace(/^(True|TRUE|False|FALSE)$/, word => word.toLowerCase())];
    if (/^(DateTime|Guid)LiteralExpression$/.test(name)) return [text(node).replace(/^\w+\s*\(\s*["']?(.*?)["']?\s*\)$/, "$1")];
    if (name === "UnaryMinusExpression") {
      const inner = this.values(node.Expression, env, depth + 1);
      return inner && inner.length === 1 ? ["-" + inner[0]] : null;
    }
    if (name === "DynamicExpression") return this.json(node.Expression);
    if (name === "NameReference" && !env.map.has(node.SimpleName) && this.lets.has(node.SimpleName) && !this.parameter(node, node.SimpleName)) {
      return this.values(this.lets.get(node.SimpleName), { map: new Map(), closed: false }, depth + 1);
    }
    if (name === "DataTableExpression") {
      const width = list(node.Schema).length;
      const cells = this.elements(node.Values).map(cell => this.values(cell, env, depth + 1));
      return width === 1 && !cells.some(cell => cell === null) ? cells.flat() : null;
    }
    if (name === "PipeExpression") {
      const operator = kind(node.Operator);
      const one = operator === "SummarizeOperator" ? /summarize\s+(\w+\s*=\s*)?make_?(set|list)\(\w+\)$/.test(text(node.Operator)) : operator === "ProjectOperator";
      return one ? this.values(node.Expression, env, depth + 1) : null;
    }
    if (name === "FunctionCallExpression" && callName(node) === "strcat") {
      const parts = callArguments(node).map(arg => this.values(arg, env, depth + 1));
      return parts.some(part => part === null || part.length !== 1) ? null : [parts.flat().join("")];
    }
    if (name === "ToScalarExpression" || name === "MaterializeExpression") return this.values(node.Expression, env, depth + 1);
    if (name === "FunctionCallExpression" && (CONSTANT_CALLS.has(callName(node)) || WRAPPERS.has(callName(node)))) {
      if (/json|dynamic/.test(callName(node)) && callArguments(node).length && kind(callArguments(node)[0]) === "StringLiteralExpression") return null;
      const parts = callArguments(node).map(arg => this.values(arg, env, depth + 1));
      const out = parts.some(part => part === null) ? null : parts.flat();
      if (out && callName(node) === "tolower") return out.map(value => value.toLowerCase());
      if (out && callName(node) === "toupper") return out.map(value => value.toUpperCase());
      return out;
    }
    return null;
  }
  json(node) {
    const name = kind(node);
    if (name === "JsonArrayExpression") {
      const parts = list(node).map(item => this.json(item));
      return parts.some(part => part === null) ? null : parts.flat();
    }
    if (name === "JsonObjectExpression") return null;
    return this.values(node, { map: new Map(), closed: false });
  }
  condition(node, negated, env) {
    node = strip(node);
    const name = kind(node);
    if (name === "AndExpression" || name === "OrExpression") {
      this.condition(node.Left, negated, env);
      this.condition(node.Right, negated, env);
    } else if (name === "FunctionCallExpression" && callName(node) === "not" && callArguments(node).length === 1) {
      this.condition(callArguments(node)[0], !negated, env);
    } else if (name === "FunctionCallExpression" && TESTS.has(callName(node)) && callArguments(node).length) {
      this.found.push({ start: node.TextStart, end: node.End, op: callName(node), left: this.resolve(callArguments(node)[0], env), values: [""], negated });
    } else if (COMPARISONS.has(name)) {
      let rights;
      if (name === "BetweenExpression" || name === "NotBetweenExpression") rights = [node.Right.First, node.Right.Second];
      else if (node.Right && kind(node.Right) === "ExpressionList") rights = list(node.Right);
      else rights = [node.Right];
      const parts = rights.map(right => this.values(right, env));
      const values = parts.some(part => part === null) ? null : parts.flat();
      const flags = {};
      const names = text(node).match(/\w+/g) || [];
      if (values === null && names.some(one => this.parameter(node, one))) flags.parameter = true;
      const inner = kind(strip(node.Left));
      if (COMPARISONS.has(inner) || inner === "AndExpression" || inner === "OrExpression") flags.boolean = true;
      if (inner === "StarExpression") flags.star = true;
      if (this.values(node.Left, env) !== null) flags.constant = true;
      if (inner === "FunctionCallExpression") flags.call = callName(strip(node.Left));
      this.found.push({ start: node.TextStart, end: node.End, op: name.replace(/Expression$/, ""), left: this.resolve(node.Left, env), values, negated, ...flags });
    } else {
      this.found.push({ start: node.TextStart, end: node.End, op: "other", left: {}, values: null, negated, text: text(node).slice(0, 100), kind: name });
    }
  }
}

const queries = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
for (const { path, query } of queries) {
  const code = Kusto.Language.KustoCode.Parse(query);
  const diagnostics = code.GetDiagnostics();
  const errors = [];
  for (let i = 0; i < diagnostics.Count; i++) errors.push(diagnostics.getItem(i).Message);
  let comparisons = [], failure = "";
  try { comparisons = errors.length ? [] : new Query(code).found; } catch (error) { failure = String(error && error.stack || error).slice(0, 400); }
  process.stdout.write(JSON.stringify({ path, errors, comparisons, failure }) + "\n");
}
