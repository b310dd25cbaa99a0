// The drawing: nodes, closed modules and arrows as SVG; where they stand, and what they say.

const NAMESPACE = "http://www.w3.org/2000/svg";
const ROW = 18, PADDING = 10, LONGEST_NAME = 22, LONGEST_TEXT = 26, MOST_ARROWS = 1500;
const GOLDEN = (Math.sqrt(5) - 1) / 2; // its multiples are spread evenly, however many are taken
const MEASURE = document.createElement("canvas").getContext("2d");
const FONTS = {};

/** Make an element; texts are put in as text, whatever they are. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

function draw(tag, attributes = {}, text) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// ── texts ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Show characters that would not be seen, or would turn others around. */
function visible(text) {
  return text
    .replace(/[\u0000-\u001f]/g, (c) => String.fromCharCode(0x2400 + c.charCodeAt(0)))
    .replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|\p{Surrogate}/gu, "\ufffd");
}

function cut(text, length) {
  const characters = [...visible(text)];
  return characters.length <= length ? characters.join("") : `${characters.slice(0, length - 1).join("")}…`;
}

const minus = (text) => text.replace(/^-|(?<=e)-/g, "−");

/** A number in five digits. */
function short(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "∞" : "−∞";
  if (x === 0) return Object.is(x, -0) ? "−0" : "0";
  const size = Math.abs(x);
  const text = size < 1e-4 || size >= 1e6 ? x.toExponential(3).replace(/\.?0+e/, "e").replace("e+", "e") : String(Number(x.toPrecision(5)));
  return minus(text);
}

/** A number in all its digits, as Python writes it. */
function full(x) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";
  if (Object.is(x, -0)) return "-0.0";
  const size = Math.abs(x);
  if (x !== 0 && (size < 1e-4 || size >= 1e16)) return x.toExponential().replace("e+", "e").replace(/e(-?)(\d)$/, "e$10$2").replace(/e(\d)/, "e+$1");
  return Number.isInteger(x) ? `${x}.0` : String(x);
}

// ── what is shown of a graph in which some modules are closed ───────────────────────────────────────────────────────

class Outline {
  constructor(graph, isOpen) {
    this.graph = graph;
    this.isOpen = isOpen;
    this.within = graph.clusters.map(({ outer }, own) => (own === 0 ? [] : null));
    graph.clusters.forEach(({ outer }, own) => {
      if (own) this.within[own] = [...this.within[outer], own];
    });
    this.counts = new Array(graph.clusters.length).fill(0);
    for (const member of graph.members) for (const cluster of [0, ...this.within[member]]) this.counts[cluster] += 1;
  }

  /** The id of what stands for a node: itself, or the outermost closed module around it. */
  standIn(node) {
    const closed = this.within[this.graph.members[node]].find((cluster) => !this.isOpen.has(cluster));
    return closed === undefined ? `n${node}` : `c${closed}`;
  }

  /** The key of the arrow from an operand to a result. */
  arrow(node, place) {
    const tail = this.standIn(this.graph.operands[node][place]), head = this.standIn(node);
    return tail[0] === "n" && head[0] === "n" ? `${node}.${place}` : `${tail}>${head}`;
  }

  elements() {
    const found = new Map();
    for (let node = 0; node < this.graph.size; node++) {
      const id = this.standIn(node);
      if (!found.has(id)) found.set(id, id[0] === "n" ? { id, node } : { id, cluster: Number(id.slice(1)) });
    }
    return [...found.values()];
  }

  edges() {
    const found = new Map();
    this.graph.operands.forEach((operands, node) => {
      operands.forEach((operand, place) => {
        if (operand < 0) return;
        const tail = this.standIn(operand), head = this.standIn(node), key = this.arrow(node, place);
        if (tail === head) return;
        if (!found.has(key)) found.set(key, { key, tail, head, node, place, count: 0 });
        found.get(key).count += 1;
      });
    });
    return [...found.values()];
  }

  /** Open modules that hold something shown, as frames within frames. */
  frames(elements) {
    const all = new Map(), outermost = [];
    const frame = (cluster) => {
      if (!all.has(cluster)) {
        const made = { cluster, elements: [], frames: [] }, outer = this.graph.clusters[cluster].outer;
        all.set(cluster, made);
        (outer ? frame(outer).frames : outermost).push(made);
      }
      return all.get(cluster);
    };
    for (const e of elements) {
      const cluster = e.node === undefined ? this.graph.clusters[e.cluster].outer : this.graph.members[e.node];
      if (cluster) frame(cluster).elements.push(e.id);
    }
    return outermost;
  }
}

// ── the drawing ─────────────────────────────────────────────────────────────────────────────────────────────────────

class Drawing {
  constructor(canvas, svg, graph, actions) {
    Object.assign(this, { canvas, svg, graph, actions, camera: { x: 0, y: 0, k: 1 }, lit: [] });
    this.layer = draw("g", { class: "camera" });
    svg.append(this.layer);
    this.shown = new Map();
    this.arrows = new Map();
    this.listen();
  }

  /** Lay out and draw everything anew. */
  async show(outline) {
    const ticket = (this.ticket = Symbol("layout"));
    this.prepareFonts();
    const elements = outline.elements().map((e) => ({ ...e, ...this.card(e, outline) })), edges = outline.edges();
    const frames = outline.frames(elements);
    const { places, courses } = await arranged(elements, edges, framesFor(frames, elements));
    if (this.ticket !== ticket) return false; // overtaken by a later one
    const byId = new Map(elements.map((e) => [e.id, Object.assign(e, places.get(e.id))]));
    this.layer.replaceChildren();
    this.shown = new Map();
    this.arrows = new Map();
    this.lit = [];
    this.standInOfResult = outline.standIn(this.graph.root);
    if (courses.size || !edges.length) this.drawFrames(frames, byId);
    this.drawArrows(edges, byId, courses);
    const nodes = draw("g", { class: "nodes" });
    for (const e of elements) nodes.append(this.drawElement(e));
    this.layer.append(nodes);
    return true;
  }

  prepareFonts() {
    const style = getComputedStyle(document.documentElement);
    FONTS.name = `600 12.5px ${style.getPropertyValue("--sans")}`;
    FONTS.text = `12px ${style.getPropertyValue("--sans")}`;
  }

  card(e, outline) {
    const { graph } = this;
    if (e.node === undefined) {
      const name = cut(this.clusterName(e.cluster), LONGEST_TEXT), count = outline.counts[e.cluster];
      return { name, text: `${count.toLocaleString("en")} values`, width: Math.max(104, width(name, "name") + 2 * PADDING), height: 46 };
    }
    const name = cut(graph.names[e.node], LONGEST_NAME);
    const text = graph.isLeaf(e.node) ? "" : cut(plain(graph, e.node), LONGEST_TEXT);
    const size = width(name, "name") + (text ? width(` = ${text}`, "text") : 0);
    return { name, text, width: Math.max(158, Math.ceil(size) + 2 * PADDING + 2), height: 46 };
  }

  clusterName(cluster) {
    const { name, outer } = this.graph.clusters[cluster], prefix = `${this.graph.clusters[outer].name}.`;
    return outer && name.startsWith(prefix) ? name.slice(prefix.length) : name;
  }

  drawElement(e) {
    const { graph } = this, isNode = e.node !== undefined;
    const kind = !isNode ? "module" : e.node === graph.root ? "root" : graph.isLeaf(e.node) ? "leaf" : "inner";
    const group = draw("g", { class: `card ${kind}`, "data-id": e.id, tabindex: -1, role: "button" });
    const left = e.x - e.width / 2, top = e.y - e.height / 2;
    group.setAttribute("transform", `translate(${left.toFixed(1)} ${top.toFixed(1)})`);
    if (!isNode) group.append(draw("rect", { class: "back", x: 4, y: 4, width: e.width, height: e.height, rx: 6 }));
    group.append(draw("rect", { class: "face", width: e.width, height: e.height, rx: 6 }));
    const title = draw("text", { class: "title", x: PADDING, y: ROW });
    title.append(draw("tspan", { class: "name" }, e.name));
    if (isNode && e.text) title.append(draw("tspan", { class: "equals" }, ` = ${e.text}`));
    group.append(title);
    const item = { ...e, group };
    if (isNode) {
      item.value = draw("text", { class: "value", x: PADDING, y: 2 * ROW + 1 });
      item.gradient = draw("text", { class: "gradient", x: e.width - PADDING, y: 2 * ROW + 1 });
      group.append(item.value, item.gradient);
    } else {
      group.append(draw("text", { class: "count", x: PADDING, y: 2 * ROW + 1 }, e.text));
      group.setAttribute("aria-label", `Module ${visible(this.clusterName(e.cluster))}, ${e.text}, closed`);
    }
    this.shown.set(e.id, item);
    return group;
  }

  drawFrames(frames, byId) {
    const layer = draw("g", { class: "frames" });
    const box = (frame) => {
      const inner = [...frame.elements.map((id) => byId.get(id)).map((e) => [e.x - e.width / 2, e.y - e.height / 2, e.x + e.width / 2, e.y + e.height / 2])];
      const title = draw("text", { class: "frame-name", "aria-hidden": true, "data-cluster": frame.cluster }, `− ${cut(this.clusterName(frame.cluster), LONGEST_TEXT)}`);
      const rect = draw("rect", { class: "frame", rx: 10 });
      layer.append(rect);
      for (const f of frame.frames) inner.push(box(f));
      const [x, y, right, bottom] = [Math.min, Math.min, Math.max, Math.max].map((f, i) => f(...inner.map((b) => b[i])) + (i < 2 ? -14 : 14));
      for (const [name, value] of Object.entries({ x, y: y - 12, width: right - x, height: bottom - y + 12 })) rect.setAttribute(name, value);
      title.setAttribute("x", x + 10);
      title.setAttribute("y", y + 5);
      layer.append(title);
      return [x, y - 12, right, bottom];
    };
    frames.forEach(box);
    this.layer.append(layer);
  }

  /** Arrows are painted on a canvas, which does not mind how many there are; those of a step are drawn over it. */
  drawArrows(edges, byId, courses) {
    for (const edge of edges) {
      const points = courses.get(edge) ?? straight(byId.get(edge.tail), byId.get(edge.head));
      const [xs, ys] = [0, 1].map((i) => points.map((p) => p[i]));
      this.arrows.set(edge.key, { ...edge, points, lot: (this.arrows.size * GOLDEN) % 1, box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)] });
    }
    this.overlay = draw("g", { class: "arrows" });
    this.layer.append(this.overlay);
  }

  paint() {
    const { canvas, svg, camera } = this, ratio = devicePixelRatio || 1, w = svg.clientWidth, h = svg.clientHeight;
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) [canvas.width, canvas.height] = [Math.round(w * ratio), Math.round(h * ratio)];
    const pen = canvas.getContext("2d"), { x, y, k } = camera;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.setTransform(ratio * k, 0, 0, ratio * k, ratio * x, ratio * y);
    pen.strokeStyle = getComputedStyle(svg).getPropertyValue("--edge");
    const { seen, crowded } = this.inSight([-x / k, -y / k, (w - x) / k, (h - y) / k]);
    for (const [kind, lineWidth, dash] of [["one", 1.1, []], ["many", 1.8, []], ["nothing", 1.1, [2, 5]]]) {
      Object.assign(pen, { lineWidth: crowded ? 0.7 / k : lineWidth, globalAlpha: crowded ? 0.5 : 1 });
      pen.setLineDash(crowded ? [] : dash);
      pen.beginPath();
      for (const arrow of seen) if (arrowKind(arrow) === kind) trace(pen, arrow.points);
      pen.stroke();
    }
  }

  /** The arrows to paint; of more than can be told apart, those that begin or end in sight, and of these a fair share. */
  inSight([left, top, right, bottom]) {
    const within = ([x, y]) => x >= left && x <= right && y >= top && y <= bottom;
    const seen = [...this.arrows.values()].filter(({ box }) => box[0] <= right && box[2] >= left && box[1] <= bottom && box[3] >= top);
    if (seen.length <= MOST_ARROWS) return { seen, crowded: false };
    const ending = seen.filter(({ points }) => within(points[0]) || within(points.at(-1)));
    return { seen: ending.filter(({ lot }) => lot < MOST_ARROWS / ending.length), crowded: true };
  }

  /** Show what has been done, and what the step is about. */
  update(state) {
    this.state = state;
    this.putNumbers();
    for (const lit of this.lit) lit.classList.remove("forward", "reverse", "source");
    this.overlay.replaceChildren();
    this.lit = [];
    for (const [id, way] of state.cards) {
      const group = this.shown.get(id)?.group;
      if (group) this.lit.push(group);
      group?.classList.add(way);
    }
    for (const [key, way] of state.arrows) {
      const arrow = this.arrows.get(key);
      if (arrow) this.overlay.append(draw("path", { class: way, d: curve(arrow.points), "data-arrow": key }));
    }
  }

  /** Put numbers on the cards in sight, where they have changed. */
  putNumbers() {
    const { graph, state } = this;
    for (const item of this.shown.values()) {
      if (item.node === undefined || item.out) continue;
      const known = item.node < state.computedBelow || graph.isLeaf(item.node);
      const value = !known ? null : graph.unknown.has(item.node) ? undefined : graph.data[item.node];
      const gradient = state.reached(item.node) ? state.adjoints[item.node] : null;
      if (!Object.is(item.shownValue, value) || !Object.is(item.shownGradient, gradient)) this.tell(item, known, value, gradient);
    }
  }

  tell(item, known, value, gradient) {
    item.shownValue = value;
    item.shownGradient = gradient;
    item.value.textContent = known ? (value === undefined ? "?" : short(value)) : "";
    item.gradient.textContent = gradient === null ? "" : short(gradient);
    item.group.classList.toggle("waiting", !known);
    const about = [known ? `value ${item.value.textContent}` : "not computed yet", ...(gradient === null ? [] : [`gradient ${short(gradient)}`])];
    item.group.setAttribute("aria-label", [visible(this.graph.names[item.node]), ...about].join(", "));
  }

  /** Mark the arrows along which nothing flows. */
  flowing() {
    for (const arrow of this.arrows.values()) arrow.nothing = arrow.count === 1 && this.graph.partials[arrow.node][arrow.place] === null;
    this.paint();
  }

  select(id) {
    this.selected?.classList.remove("selected");
    this.selected?.removeAttribute("aria-current");
    this.selected = this.shown.get(id)?.group;
    this.selected?.classList.add("selected");
    this.selected?.setAttribute("aria-current", "true");
    this.rove(id);
  }

  /** One card at a time can be reached with Tab; arrow keys go on from there. */
  rove(id) {
    const group = this.shown.get(id)?.group ?? this.shown.get(`n${this.graph.root}`)?.group ?? [...this.shown.values()][0]?.group;
    this.rover?.setAttribute("tabindex", -1);
    this.rover = group;
    group?.setAttribute("tabindex", 0);
    this.cull();
  }

  // ── camera ────────────────────────────────────────────────────────────────────────────────────────────────────────

  look({ x, y, k }) {
    this.camera = { x, y, k };
    this.layer.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${k.toFixed(4)})`);
    const far = k < 0.3;
    if (far !== this.far) this.svg.classList.toggle("far", (this.far = far));
    this.cull();
    this.painting ||= requestAnimationFrame(() => {
      this.painting = 0;
      this.paint();
      if (this.state) this.putNumbers();
    });
  }

  /** Hide the cards that are out of sight: what is not shown costs nothing. The one that Tab leads to has to be there. */
  cull() {
    const { x, y, k } = this.camera, { clientWidth: w, clientHeight: h } = this.svg;
    for (const item of this.shown.values()) {
      const [across, down] = [item.x * k + x, item.y * k + y], [dx, dy] = [(item.width * k) / 2 + 8, (item.height * k) / 2 + 8];
      const out = item.group !== this.rover && (across + dx < 0 || across - dx > w || down + dy < 0 || down - dy > h);
      if (out !== item.out) item.group.classList.toggle("out", (item.out = out));
    }
  }

  fit() {
    const items = [...this.shown.values()], { clientWidth: w, clientHeight: h } = this.svg;
    const left = Math.min(...items.map((e) => e.x - e.width / 2)), right = Math.max(...items.map((e) => e.x + e.width / 2));
    const top = Math.min(...items.map((e) => e.y - e.height / 2)), bottom = Math.max(...items.map((e) => e.y + e.height / 2));
    const k = Math.max(0.02, Math.min(1.35, (w - 56) / (right - left), (h - 56) / (bottom - top)));
    this.look({ k, x: w / 2 - (k * (left + right)) / 2, y: h / 2 - (k * (top + bottom)) / 2 });
  }

  /** Show all if it can be read, else the result and what is near it. */
  frame() {
    this.fit();
    const result = this.shown.get(this.standInOfResult);
    if (this.camera.k > 0.36 || !result) return;
    const { clientWidth: w, clientHeight: h } = this.svg;
    this.look({ k: 0.8, x: w - 40 - 0.8 * (result.x + result.width / 2), y: h / 2 - 0.8 * result.y });
  }

  zoom(factor, at) {
    const { x, y, k } = this.camera, { clientWidth, clientHeight } = this.svg;
    const centre = at ?? { x: clientWidth / 2, y: clientHeight / 2 }, next = Math.max(0.02, Math.min(4, k * factor));
    this.look({ k: next, x: centre.x - ((centre.x - x) * next) / k, y: centre.y - ((centre.y - y) * next) / k });
  }

  /** Move as little as needed for cards to be seen, for the first of them if there is no room for all. */
  reveal(...ids) {
    const items = ids.map((id) => this.shown.get(id)).filter(Boolean), { clientWidth: w, clientHeight: h } = this.svg;
    if (!items.length) return;
    const { x, y, k } = this.camera, margin = 24;
    const span = (middle, size, some) => [Math.min(...some.map((e) => e[middle] - e[size] / 2)) * k, Math.max(...some.map((e) => e[middle] + e[size] / 2)) * k];
    const shift = (middle, size, offset, room) => {
      let [low, high] = span(middle, size, items);
      if (high - low > room - 2 * margin) [low, high] = span(middle, size, items.slice(0, 1));
      return low + offset < margin ? margin - low - offset : high + offset > room - margin ? room - margin - high - offset : 0;
    };
    const dx = shift("x", "width", x, w), dy = shift("y", "height", y, h);
    if (dx || dy) this.look({ k, x: x + dx, y: y + dy });
  }

  /** Come near a card that is too far away to be read. */
  approach(id) {
    const item = this.shown.get(id), { clientWidth: w, clientHeight: h } = this.svg;
    if (item && this.camera.k < 0.6) this.look({ k: 1, x: w / 2 - item.x, y: h / 2 - item.y });
    else this.reveal(id);
  }

  // ── mouse and touch ───────────────────────────────────────────────────────────────────────────────────────────────

  listen() {
    const { svg } = this, pointers = new Map();
    let moved = false;
    svg.addEventListener("pointerdown", (event) => {
      if (!pointers.size) moved = false;
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    svg.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      if (!moved && Math.hypot(event.clientX - before.x, event.clientY - before.y) < 4) return;
      moved = true;
      svg.setPointerCapture(event.pointerId);
      const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1], { x, y, k } = this.camera;
      if (other) {
        const box = svg.getBoundingClientRect(), distance = (p, q) => Math.hypot(p.x - q.x, p.y - q.y) || 1;
        this.zoom(distance({ x: event.clientX, y: event.clientY }, other) / distance(before, other), { x: other.x - box.x, y: other.y - box.y });
      } else this.look({ k, x: x + event.clientX - before.x, y: y + event.clientY - before.y });
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    });
    for (const end of ["pointerup", "pointercancel"]) svg.addEventListener(end, (event) => pointers.delete(event.pointerId));
    svg.addEventListener("click", (event) => {
      if (moved) return void (moved = false);
      const frame = event.target.closest("[data-cluster]"), card = event.target.closest("[data-id]");
      if (frame) this.actions.close(Number(frame.dataset.cluster));
      else this.actions.activate(card?.dataset.id);
    });
    svg.parentElement.addEventListener("focusin", ({ target }) => { // not of the drawing, which would then stop Tab itself
      if (target.matches(".card:focus-visible")) this.reveal(target.dataset.id);
    });
    svg.addEventListener("wheel", (event) => {
      if (window.parent !== window && !event.ctrlKey) return; // in a notebook, the wheel scrolls the notebook
      event.preventDefault();
      const box = svg.getBoundingClientRect();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), { x: event.clientX - box.x, y: event.clientY - box.y });
    }, { passive: false });
  }
}

const width = (text, font) => {
  MEASURE.font = FONTS[font];
  return MEASURE.measureText(text).width;
};

/** Graphviz is asked for frames only where there are few. */
const framesFor = (frames, elements) => (elements.length > 600 ? [] : frames);

function straight(tail, head) {
  const from = [tail.x + tail.width / 2, tail.y], to = [head.x - head.width / 2, head.y];
  const bend = Math.max(20, Math.abs(to[0] - from[0]) * 0.45);
  return [from, [from[0] + bend, from[1]], [to[0] - bend, to[1]], to];
}

const arrowKind = ({ count, nothing }) => (count > 1 ? "many" : nothing ? "nothing" : "one");

/** Draw a chain of cubic Bézier curves. */
function trace(pen, points) {
  pen.moveTo(...points[0]);
  for (let i = 1; i < points.length; i += 3) pen.bezierCurveTo(...points[i], ...points[i + 1], ...points[i + 2]);
}

/** A chain of cubic Bézier curves. */
function curve([start, ...others]) {
  const at = ([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return `M${at(start)}C${others.map(at).join(" ")}`;
}
