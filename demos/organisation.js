// The network as an organisation: inputs below, the head above. All numbers come from the data; here they are only shown.

const { examples } = JSON.parse(document.getElementById("data").textContent);
const find = (id) => document.getElementById(id);
const ROLES = ["clerk", "manager", "head"];
const WIDTH = 760, CARD = { width: 148, height: 84 }, DIGIT = 7.3; // of a label
const ROWS = [{ y: 700, height: 38 }, { y: 506 }, { y: 306 }, { y: 124 }, { y: 8, height: 48, width: 184 }]; // inputs, layers, cost
const FAN = 50; // how far apart lines end on a card
const LETTER = { forward: "w · a", error: "w · δ", parameters: "∂C/∂w" };

let example = 0, step = 0, selected = null; // selected: a layer, counted from 1, and a place in it

// ── small helpers ──

function short(x) {
  if (x === 0) return "0";
  const text = Math.abs(x) >= 0.001 && Math.abs(x) < 10000 ? Number(x.toPrecision(3)).toString() : x.toExponential(1);
  return text.replaceAll("-", "−");
}

function element(kind, attributes = {}, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

const sign = (x) => (x > 0 ? "more" : x < 0 ? "less" : "");
const stages = () => examples[example].stages;
const stage = () => stages()[step];
const layers = () => examples[example].layers;
const reached = (kind, layer) => stages().findIndex((it) => it.kind === kind && it.layer === layer) <= step;

function place(row, index) { // where a card stands: row 0 are the inputs, the last one is the cost
  const counts = [layers()[0].heard.length, ...layers().map((layer) => layer.said.length), 1];
  const { y, height = CARD.height, width = CARD.width } = ROWS[row];
  return { x: (WIDTH * (2 * index + 1)) / (2 * counts[row]), y, height, width, count: counts[row] };
}

const fan = (index, count) => (index - (count - 1) / 2) * FAN;

function name(layer, index) {
  if (layer === 0) return `x${"₁₂₃₄"[index]}`;
  const role = ROLES[layer - 1];
  return layers()[layer - 1].said.length > 1 ? `${role} ${index + 1}` : `the ${role}`;
}

// ── the chart ──

function card(row, index, classes, lines, share) {
  const { x, y, height, width } = place(row, index);
  const group = element("g", { class: `card ${classes}`, transform: `translate(${x - width / 2} ${y})` });
  group.append(element("rect", { class: "face", width, height, rx: 10 }));
  lines.forEach(([kind, text], line) => group.append(element("text", { class: kind, x: width / 2, y: 21 + 19 * line }, text)));
  if (share !== undefined) {
    const bar = { x: 12, y: 68, height: 6, rx: 3 }, all = width - 66;
    group.append(element("rect", { class: "track", width: all, ...bar }));
    group.append(element("rect", { class: "amount", width: Math.max(2, all * share), ...bar }));
    group.append(element("text", { class: "share", x: width - 10, y: 75 }, `${Math.round(100 * share)} %`));
  }
  return group;
}

function neuron(number, index) {
  const layer = layers()[number - 1], said = reached("forward", number), blamed = reached("error", number);
  const now = stage().layer === number ? "now" : "", chosen = isSelected(number, index) ? "selected" : "";
  const lines = [["name", name(number, index)]];
  if (said) lines.push(["said", `says ${short(layer.said[index])}`]);
  if (blamed) lines.push(["error", `δ = ${short(layer.errors[index])}`]);
  const classes = `${now} ${chosen} ${said ? "" : "silent"} ${blamed ? sign(layer.errors[index]) : ""}`;
  const group = card(number, index, classes, lines, blamed ? layer.shares[index] : undefined);
  group.setAttribute("tabindex", "0");
  group.setAttribute("role", "button");
  group.setAttribute("aria-pressed", String(Boolean(chosen)));
  group.dataset.place = `${number}.${index}`;
  const share = blamed ? `, ${Math.round(100 * layer.shares[index])} percent of the blame of its layer` : "";
  group.setAttribute("aria-label", lines.map(([, text]) => text).join(", ") + share);
  const choose = () => { selected = isSelected(number, index) ? null : [number, index]; show(); };
  group.addEventListener("click", choose);
  group.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    choose();
  });
  return group;
}

const isSelected = (number, index) => selected !== null && selected[0] === number && selected[1] === index;

function drawCards() {
  const { inputs, target, cost, after } = examples[example];
  const focused = document.activeElement?.closest?.(".card")?.dataset.place;
  const cards = inputs.map((x, index) => card(0, index, "plain", [["name", `${name(0, index)} = ${short(x)}`]]));
  layers().forEach((layer, number) => layer.said.forEach((_, index) => cards.push(neuron(number + 1, index))));
  if (reached("cost", 0)) {
    const text = reached("step", 0) ? `C = ${short(cost)} → ${short(after)}` : `C = ${short(cost)}`;
    cards.push(card(layers().length + 1, 0, stage().kind === "cost" || stage().kind === "step" ? "plain now" : "plain", [["name", text], ["", `the answer should be ${short(target)}`]]));
  }
  find("cards").replaceChildren(...cards);
  if (focused) document.querySelector(`[data-place="${focused}"]`)?.focus();
}

function lines() { // between neighbouring layers: what flows along each of them now
  const found = [], last = layers().length, { off } = examples[example];
  if (reached("error", last)) {
    const now = stage().kind === "error" && stage().layer === last;
    const line = { number: last + 1, j: 0, k: 0, classes: sign(off), width: 7 };
    found.push(now ? { ...line, label: short(off), tip: "down" } : { ...line, classes: `${sign(off)} past` });
  }
  layers().forEach((layer, index) => {
    const number = index + 1, { kind, layer: at } = stage();
    const heard = kind === "forward" && at === number, handed = kind === "error" && at === number - 1;
    const charged = kind === "parameters" && at === number;
    const known = number > 1 && reached("error", number - 1);
    const largest = Math.max(...layer.handed.flat().map(Math.abs)) || 1;
    layer.weights.forEach((weights, j) => weights.forEach((weight, k) => {
      const flow = layer.handed[j][k], way = { number, j, k, classes: "", width: 1 };
      if (heard) Object.assign(way, { classes: "heard", width: 2.2, label: short(weight * layer.heard[k]), tip: "up" });
      else if (handed) Object.assign(way, { classes: sign(flow), width: 1.2 + (6 * Math.abs(flow)) / largest, label: short(flow), tip: "down" });
      else if (charged) Object.assign(way, { classes: sign(layer.gradients[j][k]), width: 2.2, label: short(layer.gradients[j][k]) });
      else if (known) Object.assign(way, { classes: `${sign(flow)} past`, width: 1.2 + (6 * Math.abs(flow)) / largest });
      found.push(way);
    }));
  });
  return found;
}

function drawLines() {
  const drawn = [], labels = [];
  for (const { number, j, k, classes, width, label, tip } of lines()) {
    const above = place(number, j), below = place(number - 1, k);
    const from = { x: below.x + fan(j, above.count), y: below.y - 3 };
    const to = { x: above.x + fan(k, below.count), y: above.y + above.height + 3 };
    const path = element("path", { d: `M${from.x} ${from.y}L${to.x} ${to.y}`, class: classes });
    path.style.strokeWidth = `${width}px`;
    if (tip === "up") path.setAttribute("marker-end", "url(#tip)");
    if (tip === "down") path.setAttribute("marker-start", "url(#tip)");
    drawn.push(path);
    if (label === undefined) continue;
    const along = from.y - to.y < 80 ? 0.55 : 0.22; // where lines of different cards have not met yet
    const x = from.x + (to.x - from.x) * along, y = from.y + (to.y - from.y) * along, room = label.length * DIGIT + 6;
    labels.push(element("rect", { x: x - room / 2, y: y - 9, width: room, height: 18, rx: 4 }));
    labels.push(element("text", { class: classes, x, y }, label));
  }
  find("lines").replaceChildren(...drawn);
  find("labels").replaceChildren(...labels);
}

// ── the text ──

function drawText() {
  const { title, words, formula, lines, engine, agrees } = stage();
  find("count").textContent = `Step ${step + 1} of ${stages().length}`;
  find("title").textContent = title;
  find("words").textContent = words;
  find("formula").textContent = formula;
  find("numbers").textContent = lines.join("\n");
  find("engine").textContent = engine;
  find("engine").className = engine ? (agrees ? "agrees" : "differs") : "";
}

function row(cells, kind = "td") {
  const made = document.createElement("tr");
  cells.forEach((text, index) => {
    const cell = document.createElement(index === 0 ? "th" : kind);
    cell.scope = index === 0 ? "row" : "";
    if (kind === "th") cell.scope = "col";
    if (cell.scope === "") cell.removeAttribute("scope");
    cell.textContent = text;
    made.append(cell);
  });
  return made;
}

function drawDetails() {
  find("details").hidden = selected === null;
  find("hint").hidden = selected !== null;
  if (selected === null) return;
  const [number, index] = selected, layer = layers()[number - 1];
  const said = reached("forward", number), charged = reached("parameters", number), stepped = reached("step", 0);
  const shown = (known, x) => (known ? short(x) : "·");
  const weights = layer.weights[index], bias = layer.biases[index];
  const rows = weights.map((w, k) => [name(number - 1, k), shown(said, layer.heard[k]), short(w), shown(charged, layer.gradients[index][k]), shown(stepped, layer.stepped[index][k])]);
  rows.push(["bias", "", short(bias), shown(charged, layer.gradients[index].at(-1)), shown(stepped, layer.stepped[index].at(-1))]);
  find("who").textContent = name(number, index);
  find("table").replaceChildren(row(["hears", "says", "weight", "∂C/∂weight", "after the step"], "th"), ...rows.map((cells) => row(cells)));
  find("blame").textContent = blame(number, index);
}

function blame(number, index) {
  if (!reached("error", number)) return "";
  const layer = layers()[number - 1], error = layer.errors[index], above = layers()[number];
  const wish = error > 0 ? "The sum should have been smaller." : error < 0 ? "The sum should have been larger." : "";
  const parts = above
    ? above.handed.map((row, j) => `${short(row[index])} from ${name(number + 1, j)}`)
    : [`a − y = ${short(examples[example].off)} by the cost`];
  return `Was handed ${parts.join(" and ")}; takes σ′(z) = ${short(layer.slopes[index])} of it: δ = ${short(error)}. ${wish}`;
}

// ── going through it ──

function show(speak = false) {
  drawLines();
  drawCards();
  drawText();
  drawDetails();
  find("example").value = String(example);
  find("step").max = String(stages().length - 1);
  find("step").value = String(step);
  find("step").setAttribute("aria-valuetext", `${step + 1} of ${stages().length}: ${stage().title}`);
  find("back").disabled = step === 0;
  find("next").disabled = step === stages().length - 1;
  if (speak) find("spoken").textContent = `${stage().title}. ${stage().words}`;
  history.replaceState(null, "", `#${example + 1}.${step + 1}`);
}

function go(to) {
  step = Math.min(Math.max(to, 0), stages().length - 1);
  show(true);
}

function choose(number) {
  example = Math.min(Math.max(number, 0), examples.length - 1);
  go(step);
}

examples.forEach(({ inputs, target }, index) => {
  const option = document.createElement("option");
  option.value = String(index);
  option.textContent = `${index + 1}: ${inputs.map(short).join(", ")} → ${short(target)}`;
  find("example").append(option);
});

find("example").addEventListener("change", (event) => choose(Number(event.target.value)));
find("step").addEventListener("input", (event) => go(Number(event.target.value)));
find("back").addEventListener("click", () => go(step - 1));
find("next").addEventListener("click", () => go(step + 1));
find("theme").addEventListener("click", () => {
  const dark = find("theme").getAttribute("aria-pressed") !== "true";
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  find("theme").setAttribute("aria-pressed", String(dark));
});
find("theme").setAttribute("aria-pressed", String(matchMedia("(prefers-color-scheme: dark)").matches));

const KEYS = { ArrowLeft: () => go(step - 1), ArrowRight: () => go(step + 1), Home: () => go(0), End: () => go(stages().length - 1) };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.matches("select, input, pre, .scroll")) return;
  const action = KEYS[event.key] ?? (/^[1-9]$/.test(event.key) && Number(event.key) <= examples.length ? () => choose(Number(event.key) - 1) : null);
  if (action === null) return;
  event.preventDefault();
  action();
});

const [, first, second] = /^#(\d+)\.(\d+)$/.exec(location.hash) ?? [null, 1, 1];
example = Math.min(Math.max(Number(first) - 1, 0), examples.length - 1);
step = Math.min(Math.max(Number(second) - 1, 0), stages().length - 1);
show();
document.body.classList.add("ready");
