// The search page. Its data are scripts, loaded when somebody searches, so that it works from a disk as well.
"use strict";
(() => {
  const data = (window.siftlint = window.siftlint || {});
  const input = document.querySelector("#search input");
  const state = document.getElementById("state");
  const results = document.getElementById("results");
  const parts = results.dataset.parts.split(" ");
  const FIRST = 15;
  const shown = new Map();
  let loading = null;
  let loaded = 0;

  const make = (name, text, attributes = {}) => {
    const element = document.createElement(name);
    element.textContent = text;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const load = (name) => new Promise((done) => {
    const script = make("script", "", { src: `data/${name}.js` });
    script.onload = script.onerror = done;
    document.head.append(script);
  });

  const entries = []; // {kind, hay, title, about, count, href, code}
  const plural = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
  const take = (name) => {
    const part = data[name];
    if (!part) return;
    const { pages, fields, ops } = data.names;
    if (name === "names") {
      for (const [kind, title, about, count, href] of part.rows) {
        entries.push({ kind, hay: `${title} ${about}`.toLowerCase(), title, about, count, href, code: kind !== "technique", key: title.toLowerCase() });
      }
    } else if (name === "rules") {
      for (const [title, vendor, page, handle] of part.rows) {
        entries.push({ kind: "rule", hay: `${title} ${part.vendors[vendor]}`.toLowerCase(), title, about: part.vendors[vendor], count: 0, href: `${pages[page]}#${handle}`, key: title.toLowerCase() });
      }
    } else {
      for (const [field, op, value, count, page, where, excluded] of part.rows) {
        const hash = /^[ix]-/.test(where) ? `open=${where}&or=${encodeURIComponent(value)}` : where;
        entries.push({
          kind: excluded ? "exclusion" : "value", hay: `${value} ${fields[field]}`.toLowerCase(), title: value,
          about: `${fields[field] || "any text"} ${ops[op]}`, count, href: `${pages[page]}#${hash}`, code: true, key: value.toLowerCase(),
        });
      }
    }
  };
  const ready = () => {
    loading ??= (async () => {
      for (const name of parts) {
        await load(name);
        take(name);
        loaded += 1;
        search();
      }
    })();
    return loading;
  };

  const KINDS = [
    ["technique", "Techniques"], ["event", "Event classes"], ["field", "Fields"], ["value", "Values looked for"],
    ["exclusion", "Values excluded"], ["rule", "Rules"], ["check", "Checks"],
  ];
  const score = (entry, query, words) => {
    if (!words.every((word) => entry.hay.includes(word))) return 0;
    let points = 1 + Math.log2(1 + entry.count);
    if (entry.key === query) points += 1000;
    else if (entry.key.startsWith(query)) points += 100;
    else if (entry.key.includes(query)) points += 50;
    return points - entry.key.length / 1000;
  };
  const search = () => {
    const query = input.value.trim().toLowerCase();
    const words = query.split(/\s+/).filter(Boolean);
    history.replaceState(null, "", words.length ? `#${new URLSearchParams({ q: input.value.trim() })}` : location.pathname);
    results.replaceChildren();
    if (!words.length || (query.length < 2)) {
      state.textContent = "Two characters or more. Techniques, event classes, fields, values, exclusions, rules and checks.";
      return;
    }
    const found = new Map(KINDS.map(([kind]) => [kind, []]));
    for (const entry of entries) {
      const points = score(entry, query, words);
      if (points > 0) found.get(entry.kind).push([points, entry]);
    }
    let total = 0;
    for (const list of found.values()) {
      total += list.length;
      list.sort((one, other) => other[0] - one[0] || (one[1].key < other[1].key ? -1 : 1));
    }
    const exact = (kind) => (found.get(kind).length && found.get(kind)[0][0] > 900 ? 0 : 1);
    const order = KINDS.map(([kind, name], place) => [exact(kind), place, kind, name]).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    for (const [, , kind, name] of order) {
      const list = found.get(kind);
      if (list.length) results.append(section(kind, name, list));
    }
    const still = loaded < parts.length ? " Still looking…" : "";
    state.textContent = total ? `${plural(total, "result")}.${still}` : still ? "Looking…" : "Nothing found. Fewer words, or a part of one, find more.";
  };
  const section = (kind, name, list) => {
    const box = make("section", "");
    const head = make("h2", `${name} `);
    head.append(make("small", list.length.toLocaleString("en")));
    const rows = make("ul", "", { class: "rows" });
    const most = shown.get(kind) || FIRST;
    for (const [, entry] of list.slice(0, most)) {
      const row = make("li", "");
      const link = make("a", entry.code ? "" : entry.kind === "technique" ? `${entry.title} ${entry.about}` : entry.title, { href: entry.href });
      if (entry.code) link.append(make("code", entry.title));
      row.append(link, " ");
      if (entry.kind !== "technique") row.append(make("span", entry.about, { class: "quiet" }));
      if (entry.count) row.append(" ", make("b", plural(entry.count, "rule"), { class: "num" }));
      rows.append(row);
    }
    box.append(head, rows);
    if (list.length > most) {
      const button = make("button", `Show ${Math.min(100, list.length - most)} more`, { type: "button" });
      button.addEventListener("click", () => { shown.set(kind, most + 100); search(); });
      box.append(button);
    }
    return box;
  };

  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    shown.clear();
    timer = setTimeout(() => { ready(); search(); }, 120);
  });
  document.getElementById("search").addEventListener("submit", (event) => { event.preventDefault(); ready(); search(); });
  const asked = new URLSearchParams(location.hash.slice(1)).get("q") || new URLSearchParams(location.search).get("q") || "";
  if (asked) { input.value = asked; ready(); search(); }
  input.focus();
})();
