// The page: what has been done up to a step, what is selected, and everything that can be pressed or dragged.

const $ = (id) => document.getElementById(id);
const MOST_OPEN = 2000, MOST_OPEN_AT_FIRST = 400, MOST_FOUND = 12, MOST_LISTED = 40, MOST_TERMS = 4;

const graph = new Graph(JSON.parse($("graph").textContent));
const steps = graph.steps;
const open = new Set(graph.size > MOST_OPEN_AT_FIRST ? [] : graph.clusters.keys());
const outline = new Outline(graph, open);
const state = { done: steps.length, selected: null, timer: null };

// ── what a step is about ────────────────────────────────────────────────────────────────────────────────────────────

function snapshot() {
  const { done } = state, step = steps[done - 1], adjoints = graph.adjoints(done);
  const computed = Math.min(done, graph.seedStep);
  const shot = { adjoints, step, cards: [], arrows: [], computedBelow: computed ? steps[computed - 1].node + 1 : 0 };
  shot.reached = (node) => done > graph.seedStep && (node === graph.root || graph.uses[node].some((use) => use.step < done));
  if (!step) return shot;
  const way = step.kind === "forward" ? "forward" : "reverse";
  shot.cards.push([outline.standIn(step.kind === "reverse" ? step.operand : step.node), way]);
  if (step.kind === "reverse") {
    shot.cards.push([outline.standIn(step.node), "source"]);
    shot.arrows.push([outline.arrow(step.node, step.place), way]);
  } else if (step.kind === "forward") {
    graph.operands[step.node].forEach((x, place) => x >= 0 && shot.arrows.push([outline.arrow(step.node, place), way]));
  }
  return shot;
}

const line = (...parts) => make("div", { class: "line" }, ...parts);
const relation = (text) => make("span", { class: "relation" }, text);
const number = (x) => make("span", { class: "number" }, short(x));
const factor = (x) => make("span", { class: "number" }, x < 0 ? `(${short(x)})` : short(x));

/** The formula of a step, as elements and as a sentence. */
function told(shot) {
  const { step, adjoints } = shot, { root } = graph;
  if (!step) return [[line(make("span", { class: "hint" }, "The leaves are given. Each step computes one more value."))], "Start: the leaves are given."];
  if (step.kind === "seed") return [[line(slope(graph, root, root), relation("="), number(1))], `Seed: ${spokenSlope(graph, root, root)} = 1`];
  const { node } = step, template = graph.template(node);
  if (step.kind === "forward") {
    const value = graph.unknown.has(node) ? make("span", { class: "hint" }, "cannot be recomputed here: its operation is Python’s own") : number(graph.data[node]);
    const parts = [line(name(graph, node), relation("="), ...filled(graph, node, template[1], false))];
    parts.push(line(relation("="), ...filled(graph, node, template[1], true), relation("="), value));
    return [parts, `${graph.named(node)} = ${plain(graph, node)} = ${short(graph.data[node])}`];
  }
  return toldReverse(step, adjoints, template);
}

function toldReverse({ node, place, operand }, adjoints, template) {
  const { root } = graph, partial = graph.partials[node][place], amount = graph.contribution(adjoints[node], node, place);
  const rule = template[2 + place], outer = slope(graph, root, node), inner = slope(graph, node, operand);
  const first = line(slope(graph, root, operand), relation("+="), outer, relation("×"), inner);
  if (partial !== null && rule) first.append(relation("="), outer.cloneNode(true), relation("×"), ...bracketedSum(filled(graph, node, rule, false), rule));
  const why = partial === null ? "not selected: nothing flows" : adjoints[node] === 0 ? "a zero adjoint passes nothing on" : null;
  const numbers = why
    ? [make("span", { class: "hint" }, why)]
    : [number(adjoints[node]), relation("×"), factor(partial), relation("="), make("span", { class: "number new" }, short(amount))];
  const sum = termsBefore(operand, adjoints);
  const second = line(relation("+="), ...numbers);
  const spoken = `${spokenSlope(graph, root, operand)} += ${spokenSlope(graph, root, node)} × ${spokenSlope(graph, node, operand)} = ${why ?? `${short(adjoints[node])} × ${short(partial)} = ${short(amount)}`}. Sum ${short(adjoints[operand])}`;
  return [[first, second, sum], spoken];
}

const bracketedSum = (parts, rule) => (tokens(rule).some((t) => / [−+] /.test(t.text)) ? ["(", ...parts, ")"] : parts);

/** The sum so far, the newest term last. */
function termsBefore(operand, adjoints) {
  const uses = graph.uses[operand].filter((use) => use.step < state.done);
  const terms = uses.slice(-MOST_TERMS).map((use, i, all) =>
    make("span", { class: i === all.length - 1 ? "number new" : "number" }, bracketed(graph.contribution(adjoints[use.node], use.node, use.place), i + (uses.length > MOST_TERMS) + (operand === graph.root))));
  if (uses.length > MOST_TERMS) terms.unshift(make("span", {}, "…"));
  if (operand === graph.root) terms.unshift(number(1));
  const left = graph.uses[operand].length - uses.length;
  const sum = line(slope(graph, graph.root, operand), relation("="), ...terms.flatMap((t, i) => (i ? [relation("+"), t] : [t])));
  if (terms.length > 1) sum.append(relation("="), make("span", { class: "number total" }, short(adjoints[operand])));
  if (left) sum.append(make("span", { class: "hint" }, `${left} more to come`));
  return sum;
}

const bracketed = (x, inside) => (inside && x < 0 ? `(${short(x)})` : short(x));

// ── showing it ──────────────────────────────────────────────────────────────────────────────────────────────────────

const drawing = new Drawing($("arrows"), $("drawing"), graph, {
  activate: (id) => (id?.startsWith("c") ? toggle(Number(id.slice(1)), true) : select(id ? Number(id.slice(1)) : null)),
  close: (cluster) => toggle(cluster, false),
});

let frame = 0;
/** Show the state once, however often it has changed since the last frame. */
function refresh() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    render();
  });
}

function render() {
  const shot = snapshot(), [parts, spoken] = told(shot);
  drawing.update(shot);
  $("formula").replaceChildren(...parts);
  $("formula").className = shot.step?.kind ?? "start";
  if (state.timer === null) $("spoken").textContent = spoken;
  $("step").value = state.done;
  $("step").setAttribute("aria-valuetext", `Step ${state.done} of ${steps.length}: ${spoken}`);
  $("step").classList.toggle("reverse", state.done > graph.seedStep);
  $("position").textContent = `${state.done} / ${steps.length}`;
  for (const id of ["first", "back"]) $(id).disabled = state.done === 0;
  for (const id of ["next", "last"]) $(id).disabled = state.done === steps.length;
  if (state.timer !== null && shot.step) follow(shot.step);
  showDetails(shot);
}

function go(done, { reveal = true } = {}) {
  state.done = Math.max(0, Math.min(steps.length, Math.round(done) || 0));
  refresh();
  remember();
  const step = steps[state.done - 1];
  if (reveal && step) follow(step);
}

/** Keep what a step is about in sight: the node that is worked on, and where there is room its operand. */
const follow = ({ node, operand }) => drawing.reveal(...[node, operand].filter((x) => x !== undefined).map((x) => outline.standIn(x)));

function play() {
  if (state.timer !== null) return pause();
  if (state.done === steps.length) state.done = 0;
  const tick = () => {
    if (state.done >= steps.length) return pause();
    state.done += 1;
    refresh();
    state.timer = setTimeout(tick, Number($("speed").value));
  };
  document.body.classList.add("playing");
  $("play").setAttribute("aria-label", "Pause");
  tick();
}

function pause() {
  clearTimeout(state.timer);
  state.timer = null;
  document.body.classList.remove("playing");
  $("play").setAttribute("aria-label", "Play");
  refresh();
  remember();
}

function select(node, { near = false } = {}) {
  state.selected = node;
  drawing.select(node === null ? null : `n${node}`);
  if (node !== null && near) {
    drawing.approach(`n${node}`);
  }
  detailed = null;
  refresh();
  remember();
}

// ── opening and closing ─────────────────────────────────────────────────────────────────────────────────────────────

async function redraw({ focus = null, fit = true } = {}) {
  $("notice").hidden = true;
  document.body.classList.add("arranging");
  if (!(await drawing.show(outline))) return;
  document.body.classList.remove("arranging");
  drawing.flowing();
  if (fit) drawing.frame();
  drawing.select(state.selected === null ? null : `n${state.selected}`);
  if (focus) drawing.approach(focus);
  for (const id of ["collapse", "expand"]) $(id).hidden = graph.clusters.length === 1;
  render();
}

function shownWith(cluster) {
  const opened = new Set([...open, cluster]);
  return new Outline(graph, opened).elements().length;
}

function toggle(cluster, opens, { fit = true } = {}) {
  if (opens && shownWith(cluster) > MOST_OPEN) return notify(`No more than ${MOST_OPEN.toLocaleString("en")} boxes can be shown at once: close others first.`);
  if (opens) open.add(cluster);
  else for (const c of [...open]) if (c === cluster || outline.within[c].includes(cluster)) open.delete(c);
  return redraw({ fit, focus: opens ? outline.standIn(newestIn(cluster)) : `c${cluster}` });
}

/** The result of a module: what is computed last in it. */
const newestIn = (cluster) => graph.members.findLastIndex((member) => outline.within[member].includes(cluster));

function notify(text) {
  $("notice").textContent = text;
  $("notice").hidden = false;
}

/** Open what a node is in, and select it. */
async function find(node) {
  const closed = outline.within[graph.members[node]].filter((cluster) => !open.has(cluster));
  for (const cluster of closed) open.add(cluster);
  if (closed.length) await redraw();
  select(node, { near: true });
}

// ── details of a node ───────────────────────────────────────────────────────────────────────────────────────────────

let detailed = null;
function showDetails(shot) {
  const node = state.selected;
  if (node === null) {
    if (detailed !== "hint") $("details").replaceChildren(make("p", { class: "hint" }, "Select a node to see every contribution to its gradient."));
    detailed = "hint";
    return;
  }
  if (detailed !== node) buildDetails(node);
  detailed = node;
  const known = node < shot.computedBelow || graph.isLeaf(node), reached = shot.reached(node);
  $("value").textContent = !known ? "not computed yet" : graph.unknown.has(node) ? "unknown here" : full(graph.data[node]);
  $("gradient").textContent = reached ? full(shot.adjoints[node]) : "0.0";
  showUses(node, shot);
}

function buildDetails(node) {
  const title = make("h2", {}, make("bdi", {}, visible(graph.labels[node] || graph.names[node])));
  const kind = graph.isLeaf(node) ? "leaf" : `${graph.primitives[node]}${node === graph.root ? ", the result" : ""}`;
  const parts = [make("p", { class: "kind" }, kind), title, trail(node)];
  if (!graph.isLeaf(node)) parts.push(make("p", { class: "definition" }, name(graph, node), relation("="), ...filled(graph, node, graph.template(node)[1], false)));
  const facts = make("dl", { class: "facts" }, make("dt", {}, "value"), make("dd", {}, make("output", { id: "value" })));
  facts.append(make("dt", {}, spokenSlope(graph, graph.root, node)), make("dd", {}, make("output", { id: "gradient" })));
  parts.push(facts);
  if (graph.isLeaf(node)) parts.push(control(node, "details"));
  parts.push(make("h3", {}, "Contributions to its gradient"), make("div", { id: "uses" }));
  if (graph.operands[node].some((x) => x >= 0)) parts.push(make("h3", {}, "Computed from"), operandList(node));
  $("details").replaceChildren(...parts);
}

/** The modules that a node is in; each can be closed. */
function trail(node) {
  const within = outline.within[graph.members[node]];
  const list = make("p", { class: "trail" });
  for (const cluster of within) list.append(make("button", { type: "button", title: "Close", onclick: () => toggle(cluster, false) }, cut(drawing.clusterName(cluster), LONGEST_TEXT)), " ");
  return within.length ? list : "";
}

const link = (node) => make("button", { type: "button", class: "link", onclick: () => find(node) }, name(graph, node));

function operandList(node) {
  const distinct = [...new Set(graph.operands[node].filter((x) => x >= 0))];
  const list = make("p", { class: "operands" }, ...distinct.slice(0, MOST_LISTED).flatMap((x) => [link(x), " "]));
  if (distinct.length > MOST_LISTED) list.append(`and ${distinct.length - MOST_LISTED} more`);
  return list;
}

/** Every contribution, in the order in which the reverse sweep adds them; those still to come are pale. */
function showUses(node, shot) {
  const uses = graph.uses[node], { done } = state;
  if (!uses.length) {
    $("uses").replaceChildren(make("p", { class: "hint" }, node === graph.root ? "It is the result: its gradient is the seed, 1." : "Nothing was computed from it."));
    return;
  }
  const adjoints = graph.adjoints(steps.length), { root } = graph;
  const first = Math.max(0, Math.min(uses.length - MOST_LISTED, uses.findIndex((use) => use.step >= done - 1) - MOST_LISTED / 2));
  const rows = uses.slice(first, first + MOST_LISTED).map((use) => {
    const partial = graph.partials[use.node][use.place], rule = graph.template(use.node)[2 + use.place];
    const amount = graph.contribution(adjoints[use.node], use.node, use.place);
    const local = partial === null ? [make("span", { class: "hint" }, "not selected")] : [...(rule ? [...filled(graph, use.node, rule, false), make("wbr"), relation("=")] : []), number(partial)];
    const classes = [use.step >= done ? "later" : "", use.step === done - 1 ? "now" : ""].join(" ").trim();
    return make("tr", { class: classes || undefined },
      make("td", {}, link(use.node)), make("td", {}, number(adjoints[use.node])), make("td", {}, ...local),
      make("td", {}, make("button", { type: "button", class: "link number", "aria-label": `${full(amount)}: go to this step`, title: full(amount), onclick: () => go(use.step + 1) }, short(amount))));
  });
  const head = make("tr", {}, make("th", { scope: "col" }, "use"), make("th", { scope: "col" }, `∂${graph.named(root, 8)}/∂use`), make("th", { scope: "col" }, `∂use/∂${graph.named(node, 8)}`), make("th", { scope: "col" }, "product"));
  const total = make("tr", { class: "sum" }, make("th", { scope: "row", colspan: 3 }, uses.length > rows.length ? `sum of all ${uses.length}` : "sum"), make("td", {}, make("span", { id: "total", class: "number", title: full(adjoints[node]) }, short(adjoints[node]))));
  $("uses").replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows), make("tfoot", {}, total)));
}

// ── leaves ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A slider and a field for a leaf's number. */
function control(leaf, where) {
  const start = graph.recorded.data[leaf], reach = Math.max(1, 2 * Math.abs(start));
  const finite = Number.isFinite(start) && Number.isFinite(reach);
  const label = cut(graph.names[leaf], LONGEST_NAME), about = visible(graph.labels[leaf] || graph.names[leaf]);
  const slider = make("input", { type: "range", min: finite ? start - reach : -1, max: finite ? start + reach : 1, step: "any", "aria-label": `${about}, slider`, "data-leaf": leaf });
  const field = make("input", { type: "text", inputmode: "decimal", "aria-label": `${about}, number`, "data-leaf": leaf, spellcheck: "false", autocomplete: "off" });
  const title = where === "details" ? make("span", {}, "change") : make("button", { type: "button", class: "link", onclick: () => find(leaf) }, make("bdi", { class: "variable" }, label));
  const show = () => {
    slider.value = graph.data[leaf];
    if (document.activeElement !== field) field.value = full(graph.data[leaf]);
    row.classList.toggle("changed", graph.changes.has(leaf));
  };
  const row = make("div", { class: "control" }, title, slider, field);
  row.show = show;
  slider.addEventListener("input", () => change(leaf, Number(slider.value)));
  field.addEventListener("change", () => {
    const number = parsedNumber(field.value);
    field.setAttribute("aria-invalid", number === null);
    if (number !== null) change(leaf, number);
  });
  show();
  return row;
}

function parsedNumber(text) {
  const words = { inf: Infinity, "-inf": -Infinity, nan: NaN }, trimmed = text.trim().toLowerCase();
  if (Object.hasOwn(words, trimmed)) return words[trimmed];
  const number = Number(trimmed);
  return trimmed === "" || Number.isNaN(number) ? null : number;
}

function change(leaf, number) {
  graph.change(leaf, number);
  changed();
}

function changed() {
  for (const row of document.querySelectorAll(".control")) row.show();
  $("reset").hidden = !graph.changes.size;
  drawing.flowing();
  refresh();
}

/** Controls, under the name of the module that each is in. */
function grouped(leaves) {
  let module = "";
  return leaves.flatMap((leaf) => {
    const label = graph.labels[leaf], before = module;
    module = label.endsWith(`.${graph.names[leaf]}`) ? label.slice(0, -graph.names[leaf].length - 1) : "";
    const heading = module && module !== before ? [make("h3", {}, make("bdi", {}, visible(module)))] : [];
    return [...heading, control(leaf, "leaves")];
  });
}

function buildLeaves() {
  const named = graph.leaves.filter((leaf) => graph.labels[leaf]), listed = [...named, ...graph.leaves.filter((leaf) => !graph.labels[leaf])];
  const reset = make("button", { id: "reset", type: "button", hidden: true, onclick: () => (graph.reset(), changed()) }, "Reset");
  $("leaves").replaceChildren(make("div", { class: "heading" }, make("h2", {}, "Leaves"), reset), ...grouped(listed.slice(0, MOST_LISTED)));
  if (listed.length > MOST_LISTED) $("leaves").append(make("p", { class: "hint" }, `and ${(listed.length - MOST_LISTED).toLocaleString("en")} more: select one in the graph, or search for it.`));
  $("leaves").append(make("p", { class: "hint" }, "Branches stay as they were recorded."));
}

// ── search ──────────────────────────────────────────────────────────────────────────────────────────────────────────

let marked = 0;
function search() {
  const wanted = $("search").value.trim().toLowerCase(), found = [];
  const matches = (i) => (graph.labels[i] || graph.names[i]).toLowerCase().includes(wanted) || graph.primitives[i] === wanted;
  for (let i = 0; wanted && i < graph.size && found.length < MOST_FOUND; i++) if (matches(i)) found.push(i);
  const options = found.map((i, at) => make("li", { role: "option", id: `found-${at}`, "data-node": i, "aria-selected": "false", onpointerdown: (event) => (event.preventDefault(), take(i)) },
    make("bdi", {}, cut(graph.labels[i] || graph.names[i], 40)), make("span", { class: "hint" }, graph.isLeaf(i) ? "leaf" : graph.primitives[i])));
  if (wanted && !found.length) options.push(make("li", { class: "hint" }, "nothing found"));
  $("found").replaceChildren(...options);
  $("found").hidden = !wanted;
  $("search").setAttribute("aria-expanded", Boolean(wanted));
  mark(0);
}

function mark(at) {
  const options = [...$("found").querySelectorAll("[role=option]")];
  marked = Math.max(0, Math.min(options.length - 1, at));
  options.forEach((option, i) => option.setAttribute("aria-selected", i === marked));
  if (options[marked]) $("search").setAttribute("aria-activedescendant", options[marked].id);
  else $("search").removeAttribute("aria-activedescendant");
}

function take(node) {
  $("found").hidden = true;
  $("search").setAttribute("aria-expanded", "false");
  return find(node);
}

$("search").addEventListener("input", search);
$("search").addEventListener("blur", () => ($("found").hidden = true));
$("search").addEventListener("keydown", (event) => {
  const option = $("found").querySelectorAll("[role=option]")[marked];
  if (event.key === "ArrowDown" || event.key === "ArrowUp") mark(marked + (event.key === "ArrowDown" ? 1 : -1));
  else if (event.key === "Enter" && option) take(Number(option.dataset.node));
  else if (event.key === "Escape") $("search").blur();
  else return;
  event.preventDefault();
});

// ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────────

const KEYS = {
  ArrowLeft: () => go(state.done - 1), ArrowRight: () => go(state.done + 1), ",": () => go(state.done - 1), ".": () => go(state.done + 1),
  " ": play, Home: () => go(0), End: () => go(steps.length), "/": () => $("search").focus(),
  "+": () => drawing.zoom(1.25), "=": () => drawing.zoom(1.25), "-": () => drawing.zoom(0.8), 0: () => drawing.fit(),
  "?": () => $("keys").showModal(), Escape: () => select(null), c: () => closeAround(),
};

function closeAround() {
  const within = state.selected === null ? [] : outline.within[graph.members[state.selected]];
  const cluster = within.filter((c) => open.has(c)).at(-1);
  if (cluster !== undefined) toggle(cluster, false);
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
  const typing = event.target.matches("input, select"), card = event.target.closest?.(".card");
  if (typing && !(event.target.id === "step" && [" ", ",", ".", "/"].includes(event.key))) return;
  if (card && travel(card.dataset.id, event.key)) return void event.preventDefault();
  if (event.key === " " && event.target.matches("button")) return;
  if (!Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});

/** Go from card to card; return whether the key was for that. */
function travel(id, key) {
  if (key === "Enter" || key === " ") return drawing.actions.activate(id), true;
  const node = id[0] === "n" ? Number(id.slice(1)) : null, ids = [...drawing.shown.keys()], at = ids.indexOf(id);
  const along = {
    ArrowLeft: () => [...drawing.arrows.values()].find((a) => a.head === id)?.tail,
    ArrowRight: () => [...drawing.arrows.values()].find((a) => a.tail === id)?.head,
    ArrowUp: () => ids[at - 1],
    ArrowDown: () => ids[at + 1],
  };
  if (!Object.hasOwn(along, key)) return false;
  const next = along[key]();
  if (!next) return true;
  drawing.reveal(next);
  if (next[0] === "n") select(Number(next.slice(1)));
  drawing.rove(next);
  drawing.rover.focus({ preventScroll: true });
  return true;
}

// ── the address, the theme, the buttons ─────────────────────────────────────────────────────────────────────────────

let remembering = null;
/** Put the step and the node into the address, not more often than browsers allow. */
function remember() {
  remembering ??= setTimeout(() => {
    remembering = null;
    const hash = `#step=${state.done}${state.selected === null ? "" : `&node=${state.selected}`}`;
    try {
      if (location.hash !== hash) history.replaceState(null, "", hash);
    } catch (error) {} // in a notebook's frame there is no address to change
  }, 150);
}

function recall() {
  const asked = new URLSearchParams(location.hash.slice(1)), step = Number(asked.get("step") ?? NaN), node = Number(asked.get("node") ?? NaN);
  if (Number.isInteger(step)) go(step, { reveal: false });
  if (Number.isInteger(node) && node >= 0 && node < graph.size) find(node);
}

function theme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  $("theme").setAttribute("aria-pressed", dark);
  drawing.paint();
}

const preference = matchMedia("(prefers-color-scheme: dark)");
theme(preference.matches);
preference.addEventListener("change", () => theme(preference.matches));

const closeAll = () => (open.clear(), redraw());
const openAll = () => {
  if (graph.size > MOST_OPEN) return notify(`No more than ${MOST_OPEN.toLocaleString("en")} boxes can be shown at once: open one after the other.`);
  for (const cluster of graph.clusters.keys()) open.add(cluster);
  return redraw();
};
const BUTTONS = {
  first: () => go(0), back: () => go(state.done - 1), play, next: () => go(state.done + 1), last: () => go(steps.length),
  fit: () => drawing.fit(), theme: () => theme(document.documentElement.dataset.theme !== "dark"),
  help: () => $("keys").showModal(), collapse: closeAll, expand: openAll,
};
for (const [id, press] of Object.entries(BUTTONS)) $(id).addEventListener("click", press);
$("step").max = steps.length;
$("step").addEventListener("input", () => go(Number($("step").value), { reveal: false }));
document.documentElement.style.setProperty("--forward", String(Math.max(0.08, Math.min(0.92, graph.seedStep / steps.length))));
addEventListener("hashchange", recall);

$("title").textContent = cut(graph.names[graph.root], 40);
$("summary").textContent = `${graph.size.toLocaleString("en")} values, ${graph.leaves.length.toLocaleString("en")} of them leaves`;
buildLeaves();
await redraw();
recall();
addEventListener("resize", () => drawing.fit());
document.body.classList.add("ready");
