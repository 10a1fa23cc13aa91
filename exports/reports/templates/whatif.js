// The index as the engine computes it, in whole numbers, on the choices of the reader.
// Belongs here: arithmetic, choices, what is shown of them. Stays out: which levels and rules there are (the data block).
"use strict";
(() => {
  const told = JSON.parse(document.getElementById("told").textContent);

  // Exact fractions: a pair of whole numbers, the second above 0.
  const gcd = (a, b) => { while (b) { [a, b] = [b, a % b]; } return a < 0n ? -a : a; };
  const fraction = (n, d) => { const common = gcd(n, d) || 1n; return [n / common, d / common]; };
  const parse = text => {
    if (text === null) { return null; }
    const [whole, decimals = ""] = text.split(".");
    return fraction(BigInt(whole + decimals), 10n ** BigInt(decimals.length));
  };
  const add = (a, b) => fraction(a[0] * b[1] + b[0] * a[1], a[1] * b[1]);
  const times = (a, b) => fraction(a[0] * b[0], a[1] * b[1]);
  const over = (a, b) => fraction(a[0] * b[1], a[1] * b[0]);
  const reaches = (a, b) => a[0] * b[1] >= b[0] * a[1];
  const least = (a, b) => reaches(a, b) ? b : a;
  const most = (a, b) => reaches(a, b) ? a : b;
  const ZERO = [0n, 1n], ONE = [1n, 1n];
  const floor = a => a[0] >= 0n ? a[0] / a[1] : -((-a[0] + a[1] - 1n) / a[1]);
  // Two decimals, half up, in Indonesian notation.
  const cents = a => (a[0] * 200n + a[1]) / (2n * a[1]);
  const print = a => {
    const digits = cents(a).toString().padStart(3, "0");
    return `${digits.slice(0, -2)},${digits.slice(-2)}`;
  };
  const short = a => print(a).replace(/,?0+$/, "");

  const nodes = new Map(told.nodes.map(node => [node.id, { ...node, weight: parse(node.weight), children: [] }]));
  let root;
  for (const node of nodes.values()) {
    if (node.parent === null) { root = node; } else { nodes.get(node.parent).children.push(node); }
  }
  const leaves = [...nodes.values()].filter(node => node.leaf);
  const low = parse(told.low), high = parse(told.high), missing = parse(told.missing), threshold = parse(told.threshold);
  const bands = told.predicates.map(([name, from]) => [name, parse(from)]);
  const stages = new Map(told.stages.map(stage => [
    stage.id, { ...stage, values: new Map(Object.entries(stage.values).map(([id, text]) => [id, parse(text)])) },
  ]));

  // What the reader chose: a stage, levels up by indicator, documents that are coming by indicator and rule.
  const state = { stage: told.start, up: new Map(), coming: new Set() };

  // The climb of the evidence: up to the lowest level of which a rule does not hold.
  const climbed = (id, coming) => {
    const rules = told.rules[id];
    if (!rules) { return null; }
    const open = rules.map((rule, number) => ({ ...rule, state: coming.has(`${id} ${number}`) ? "holds" : rule.state }))
      .filter(rule => rule.state !== "holds");
    const levels = rules.map(rule => rule.level);
    if (!open.length) { return Math.max(...levels); }
    const stop = Math.min(...open.map(rule => rule.level));
    const fails = open.some(rule => rule.level === stop && rule.state === "fails");
    return stop === Math.min(...levels) && !fails ? null : stop - 1;
  };

  // The level an indicator starts from, null where none is known.
  const base = node => {
    const given = stages.get(state.stage).values.get(node.id) ?? null;
    if (state.stage !== "evidence" || !told.rules[node.id]) { return given; }
    if (!told.rules[node.id].some((_, number) => state.coming.has(`${node.id} ${number}`))) { return given; }
    const level = climbed(node.id, state.coming);
    return level === null ? given : [BigInt(level), 1n];
  };
  const capacity = node => {
    const from = base(node);
    return from === null ? Number(floor(high) - floor(low)) + 1 : Math.max(Number(floor(add(high, [-from[0], from[1]]))), 0);
  };
  // An indicator without a level begins at the scale's lowest: the first step is to be assessed at all.
  const chosen = node => {
    const up = Math.min(state.up.get(node.id) ?? 0, capacity(node)), from = base(node);
    if (!up) { return from; }
    return from === null ? add(low, [BigInt(up - 1), 1n]) : add(from, [BigInt(up), 1n]);
  };

  const score = (node, leaf, filling) => {
    const inner = node.leaf ? null : stages.get(state.stage).values.get(node.id) ?? null;
    const own = node.leaf ? leaf(node) : inner;
    if (own !== null) { return { value: own, coverage: ONE }; }
    if (node.leaf) { return { value: filling, coverage: ZERO }; }
    let sum = ZERO, weight = ZERO, covered = ZERO, whole = ZERO;
    for (const child of node.children) {
      const part = score(child, leaf, filling);
      whole = add(whole, child.weight);
      covered = add(covered, times(child.weight, part.coverage));
      if (part.value !== null) {
        sum = add(sum, times(child.weight, part.value));
        weight = add(weight, child.weight);
      }
    }
    return { value: weight[0] ? over(sum, weight) : null, coverage: over(covered, whole) };
  };
  const result = (node, leaf) => {
    const point = score(node, leaf, missing);
    const isThere = point.value !== null && (missing !== null || reaches(point.coverage, threshold));
    let from = score(node, leaf, low).value, to = score(node, leaf, high).value;
    if (isThere) { from = least(from, point.value); to = most(to, point.value); }
    return { value: isThere ? point.value : null, low: from, high: to, coverage: point.coverage };
  };
  const predicate = value => {
    if (value === null || !bands.length) { return null; }
    const called = told.printed ? [cents(value), 100n] : value;
    return bands.reduce((name, [next, from]) => reaches(called, from) ? next : name, bands[0][0]);
  };
  // Below an inner node that was handed in itself no level counts.
  const counts = node => {
    for (let above = node.parent; above !== null; above = nodes.get(above).parent) {
      if (stages.get(state.stage).values.has(above)) { return false; }
    }
    return true;
  };
  const cost = () => leaves.reduce(
    (sum, node) => sum + (counts(node) ? Math.min(state.up.get(node.id) ?? 0, capacity(node)) * node.cost : 0), 0);

  // What is shown.
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) { element.setAttribute(name, value); }
    element.append(...children);
    return element;
  };
  const place = name => document.querySelector(`[data-place="${name}"]`);
  const say = (name, text) => { place(name).textContent = text; };
  const tops = () => root.children.some(node => !node.leaf) ? root.children : [];
  const now = node => base(node) === null ? "belum dinilai" : `tingkat ${short(base(node))}`;

  const draw = () => {
    const before = result(root, node => stages.get(state.stage).values.get(node.id) ?? null), after = result(root, chosen);
    say("before", before.value === null ? "belum cukup nilai" : `${print(before.value)} ${predicate(before.value) ?? ""}`.trim());
    say("index", after.value === null ? "belum cukup nilai" : print(after.value));
    say("predicate", predicate(after.value) ?? "–");
    say("band", after.low[0] * after.high[1] === after.high[0] * after.low[1]
      ? "tidak bergeser" : `antara ${print(after.low)} dan ${print(after.high)}`);
    say("cost", String(cost()));
    place("domains").replaceChildren(...tops().map(node => {
      const old = result(node, leaf => stages.get(state.stage).values.get(leaf.id) ?? null), fresh = result(node, chosen);
      const text = found => found.value === null ? "–" : print(found.value);
      return make("tr", { "data-node": node.id }, make("th", { scope: "row" }, node.name),
        make("td", { class: "n", "data-label": "Sekarang" }, text(old)),
        make("td", { class: "n", "data-label": "Menjadi" }, text(fresh)));
    }));
    for (const select of document.querySelectorAll("select[data-indicator]")) {
      const node = nodes.get(select.dataset.indicator), most = capacity(node);
      const options = [make("option", { value: "0" }, now(node))];
      for (let up = 1; up <= most; up += 1) {
        const from = base(node);
        const to = from === null ? add(low, [BigInt(up - 1), 1n]) : add(from, [BigInt(up), 1n]);
        options.push(make("option", { value: String(up) }, `ke tingkat ${short(to)}`));
      }
      select.replaceChildren(...options);
      select.value = String(Math.min(state.up.get(node.id) ?? 0, most));
      select.disabled = most === 0 || !counts(node);
    }
    for (const box of document.querySelectorAll("input[data-document]")) { box.checked = state.coming.has(box.dataset.document); }
    plan();
    const parts = [`s=${state.stage}`];
    const up = leaves.filter(node => state.up.get(node.id)).map(node => `${encodeURIComponent(node.id)}:${state.up.get(node.id)}`);
    if (up.length) { parts.push(`n=${up.join(",")}`); }
    const coming = [...state.coming].sort().map(entry => encodeURIComponent(entry));
    if (coming.length) { parts.push(`d=${coming.join(",")}`); }
    history.replaceState(null, "", `#${parts.join("&")}`);
  };
  const plan = () => {
    const steps = leaves.filter(node => counts(node) && Math.min(state.up.get(node.id) ?? 0, capacity(node))).map(node => {
      const from = base(node), to = chosen(node);
      const asked = (told.asked[node.id] ?? []).filter(([, value]) => (from === null || !reaches(from, parse(value))) && reaches(to, parse(value)))
        .map(([level, , wanted]) => `Tingkat ${level}: ${wanted}`);
      return make("li", {}, make("strong", {}, node.name), `: ${now(node)} ke ${short(to)}. `,
        make("small", {}, `Oleh ${told.owners[node.id] ?? "Koordinator SPBE"}. ${asked.join(" ")}`));
    });
    const documents = [...state.coming].sort().map(entry => {
      const at = entry.lastIndexOf(" "), node = nodes.get(entry.slice(0, at)), rule = told.rules[node.id][Number(entry.slice(at + 1))];
      const level = climbed(node.id, state.coming);
      return make("li", {}, make("strong", {}, node.name), `: ${rule.sentence}. `,
        make("small", {}, level === null ? "Tingkat yang didukung bukti belum terbaca." : `Bukti akan mendukung tingkat ${level}.`));
    });
    place("plan").replaceChildren(...(steps.length ? steps : [make("li", { class: "none" }, "Belum ada indikator yang dipilih naik.")]));
    place("documents").replaceChildren(...(documents.length ? documents : [make("li", { class: "none" }, "Belum ada dokumen yang ditandai akan datang.")]));
  };

  const build = () => {
    const select = place("stage");
    select.append(...[...stages.values()].map(stage => make("option", { value: stage.id }, stage.name)));
    const groups = new Map();
    for (const node of leaves) {
      let above = node;
      while (above.parent !== null && nodes.get(above.parent).parent !== null) { above = nodes.get(above.parent); }
      if (!groups.has(above)) { groups.set(above, []); }
      groups.get(above).push(node);
    }
    for (const [above, found] of groups) {
      const rows = found.map(node => {
        const picker = make("select", { id: `up-${node.id}`, "data-indicator": node.id });
        const row = make("div", { class: "choice" }, make("label", { for: `up-${node.id}` }, node.name), picker);
        const lacking = (told.rules[node.id] ?? []).map((rule, number) => [rule, number]).filter(([rule]) => rule.state !== "holds");
        if (lacking.length) {
          const level = climbed(node.id, new Set());
          row.append(make("details", {}, make("summary", {}, `Bukti ${level === null ? "belum terbaca" : `mendukung tingkat ${level}`}; ${lacking.length} lagi diminta`),
            make("ul", {}, ...lacking.map(([rule, number]) => rule.document
              ? make("li", {}, make("label", {}, make("input", { type: "checkbox", "data-document": `${node.id} ${number}` }), ` ${rule.sentence}`))
              : make("li", {}, `${rule.sentence} (diukur dari data, bukan dokumen)`)))));
        }
        return row;
      });
      place("indicators").append(make("fieldset", {}, make("legend", {}, above === found[0] ? "Indikator" : above.name), ...rows));
    }
  };
  const read = () => {
    const parts = new URLSearchParams(location.hash.slice(1));
    if (stages.has(parts.get("s"))) { state.stage = parts.get("s"); }
    state.up = new Map();
    state.coming = new Set();
    for (const entry of (parts.get("n") ?? "").split(",")) {
      const at = entry.lastIndexOf(":"), id = entry.slice(0, at), up = Number(entry.slice(at + 1));
      if (nodes.get(id)?.leaf && Number.isInteger(up) && up > 0) { state.up.set(id, up); }
    }
    for (const entry of (parts.get("d") ?? "").split(",")) {
      const at = entry.lastIndexOf(" "), rule = told.rules[entry.slice(0, at)]?.[Number(entry.slice(at + 1))];
      if (rule?.document) { state.coming.add(entry); }
    }
    place("stage").value = state.stage;
    draw();
  };

  build();
  document.addEventListener("change", event => {
    const { target } = event;
    if (target === place("stage")) { state.stage = target.value; }
    else if (target.dataset.indicator) { state.up.set(target.dataset.indicator, Number(target.value)); }
    else if (target.dataset.document) { state.coming[target.checked ? "add" : "delete"](target.dataset.document); }
    draw();
  });
  place("cheapest").addEventListener("click", () => { state.up = new Map(Object.entries(told.cheapest[state.stage] ?? {})); draw(); });
  place("clear").addEventListener("click", () => { state.up = new Map(); state.coming = new Set(); draw(); });
  place("print").addEventListener("click", () => window.print());
  place("share").addEventListener("click", () => {
    const field = place("link");
    field.value = location.href;
    field.hidden = false;
    field.select();
  });
  window.addEventListener("hashchange", read);
  read();
})();
