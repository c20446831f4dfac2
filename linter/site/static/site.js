// A page works without this. It adds: filters whose state is in the address, the rest of long lists, copying.
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const make = (name, text, attributes = {}) => {
    const element = document.createElement(name);
    element.textContent = text;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };

  // The state of the page, all of it in the fragment: #platform=windows&open=i-1234567,s0abcd or just #s0abcd
  const form = $("form.filters");
  const names = form ? $$("select, input", form).map((control) => control.name) : [];
  const opened = new Set();
  const expanded = new Set();
  let filling = false;

  const read = () => {
    const text = location.hash.slice(1);
    if (!text.includes("=")) return { plain: decodeURIComponent(text), values: new URLSearchParams() };
    return { plain: "", values: new URLSearchParams(text) };
  };
  const MOST = 40; // of what is open: an address can't be as long as one likes
  const save = () => {
    const values = new URLSearchParams();
    for (const name of names) if (form.elements[name].value) values.set(name, form.elements[name].value);
    if (expanded.size) values.set("all", [...expanded].join(","));
    if (opened.size) values.set("open", [...opened].slice(-MOST).join(","));
    const text = values.toString().replaceAll("%2C", ",");
    history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
  };
  let due = 0;
  const write = () => {
    if (filling || due) return;
    due = setTimeout(() => { due = 0; save(); }, 60);
  };

  // Filters of the rules
  const rules = $$(".rule").map((element) => ({ element, platforms: (element.dataset.p || "").split(" "), domains: (element.dataset.d || "").split(" ") }));
  const filter = () => {
    if (!form) return;
    const value = (name) => (form.elements[name] ? form.elements[name].value : "");
    const [group, platform, domain, text] = ["group", "platform", "domain", "text"].map(value);
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const any = Boolean(group || platform || domain || words.length);
    let shown = 0;
    for (const rule of rules) {
      let fits = (!platform || rule.platforms.includes(platform)) && (!domain || rule.domains.includes(domain));
      if (fits && words.length) {
        rule.text ??= rule.element.textContent.toLowerCase();
        fits = words.every((word) => rule.text.includes(word));
      }
      rule.element.hidden = !fits;
    }
    for (const box of $$("#rules > .group")) {
      const inside = $$(".rule", box);
      const left = group && box.dataset.group !== group ? 0 : inside.filter((one) => !one.hidden).length;
      const count = $(".count", box);
      count.dataset.text ??= count.textContent;
      count.textContent = any ? `${left} of ${count.dataset.text}` : count.dataset.text;
      box.hidden = any && !left;
      box.dataset.closed ??= String(!box.open);
      if (any && left) box.open = true;
      else if (!any && box.dataset.closed === "true") box.open = false;
      shown += left;
    }
    $("output", form).textContent = any ? (shown ? `${shown.toLocaleString("en")} of ${rules.length.toLocaleString("en")} rules fit.` : "No rule fits.") : "";
  };
  if (form) {
    form.addEventListener("input", () => { filter(); write(); });
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(() => { filter(); write(); }));
  }

  // Long tables show their first rows; a button shows the rest
  const showAll = (section) => {
    $$("tbody.rest", section).forEach((body) => body.classList.add("shown"));
    const button = $(":scope > .showall", section);
    if (button) button.remove();
    expanded.add(section.id);
  };
  for (const rest of $$("tbody.rest")) {
    const section = rest.closest("section");
    const table = rest.closest("table");
    const button = make("button", `Show all ${$$("tbody tr", table).length.toLocaleString("en")}`, { type: "button", class: "showall" });
    const place = table.closest(".scroll") || table;
    place.after(button);
    button.addEventListener("click", () => {
      showAll(section);
      write();
      const first = $("a, summary, code", rest);
      if (first) { if (!first.matches("a, summary")) first.tabIndex = -1; first.focus(); }
    });
  }

  // The rules behind a value that the page does not list by itself
  const listMore = (details) => {
    const more = $(":scope > .more[data-more]", details);
    if (!more) return;
    const list = $(":scope > .refs", details);
    for (const handle of more.dataset.more.split(" ")) {
      const rule = document.getElementById(handle);
      if (!rule) continue;
      const title = $(".t", rule);
      const group = rule.closest(".group");
      const item = make("li", "");
      if (group) item.append(make("i", $("h3", group).textContent), " ");
      item.append(make("a", title.textContent, { href: title.getAttribute("href") || `#${handle}` }));
      list.append(item);
    }
    more.remove();
  };

  // Copying
  const offerCopy = (details) => {
    const text = $(":scope > pre.sigma", details);
    if (!text || $(":scope > .copy", details)) return;
    const button = make("button", "Copy as Sigma", { type: "button", class: "copy" });
    button.addEventListener("click", async () => {
      let done = true;
      try {
        await navigator.clipboard.writeText(text.textContent);
      } catch {
        const range = document.createRange();
        range.selectNodeContents(text);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        done = document.execCommand("copy");
      }
      button.textContent = done ? "Copied" : "Selected: copy it with your keyboard";
      setTimeout(() => { button.textContent = "Copy as Sigma"; }, 2000);
    });
    text.before(button);
  };

  // Opening, and what the address says is open
  document.addEventListener("toggle", (event) => {
    const details = event.target;
    if (!(details instanceof HTMLDetailsElement)) return;
    if (details.open) { listMore(details); offerCopy(details); }
    if (!details.id || !details.matches("td details, .rule")) return;
    if (details.open) opened.add(details.id);
    else opened.delete(details.id);
    write();
  }, true);

  const reveal = (element) => {
    const rest = element.closest("tbody.rest");
    if (rest) showAll(rest.closest("section"));
    for (let box = element.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
    if (element instanceof HTMLDetailsElement) { listMore(element); offerCopy(element); }
  };
  const aim = (element) => {
    $$(".aimed").forEach((one) => one.classList.remove("aimed"));
    element.classList.add("aimed");
    element.scrollIntoView({ block: element.matches("section") ? "start" : "center" });
    const target = $(":scope > summary, :scope > a", element) || element;
    target.focus({ preventScroll: true });
  };
  const restore = () => {
    const { plain, values } = read();
    filling = true;
    let target = plain ? document.getElementById(plain) : null;
    if (!plain) {
      for (const name of names) form.elements[name].value = values.get(name) || "";
      for (const id of (values.get("all") || "").split(",")) {
        const section = id && document.getElementById(id);
        if (section) showAll(section);
      }
      for (const id of (values.get("open") || "").split(",")) {
        const element = id && document.getElementById(id);
        if (!element) continue;
        reveal(element);
        opened.add(id);
        target = element;
      }
      if (!target && values.get("or") && form) {
        form.elements.text.value = values.get("or");
        target = document.getElementById("rules");
      }
      filter();
      if (!target && names.some((name) => values.get(name))) target = document.getElementById("rules");
    }
    if (target) {
      if (target.hidden || target.closest("[hidden]")) { form.reset(); filter(); }
      reveal(target);
      if (plain && target.matches("td details, .rule")) opened.add(plain);
      aim(target);
    }
    setTimeout(() => { filling = false; });
  };
  addEventListener("hashchange", restore);
  $$("details[open]").forEach((details) => { listMore(details); offerCopy(details); });
  const narrow = matchMedia("(max-width: 46rem)");
  if (narrow.matches) $$(".tactic").forEach((details) => { details.open = false; });
  if (location.hash) restore();

  // `/` goes to the search field
  addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    event.preventDefault();
    $("form.big input, form.find input").focus();
  });
})();
