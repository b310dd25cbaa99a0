// Where things stand: Graphviz's layout, in a worker; where it would take long, or cannot run, a layout in columns.

const MOST_FOR_GRAPHVIZ = 3000; // elements, and columns that arrows have to pass through
const PATIENCE = 2500; // milliseconds
const GAP = { x: 46, y: 16 };

/** Return the places of elements, as their middles, and the courses of edges that have one. */
async function arranged(elements, edges, frames) {
  const columns = inColumns(elements, edges);
  if (columns.cost > MOST_FOR_GRAPHVIZ) return columns;
  try {
    return await byGraphviz(elements, edges, frames);
  } catch (error) {
    return columns;
  }
}

// ── Graphviz ────────────────────────────────────────────────────────────────────────────────────────────────────────

let graphviz = null, asking = null;

async function worker() {
  const packed = Uint8Array.from(atob($("graphviz").textContent), (c) => c.charCodeAt(0));
  const program = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).blob();
  const answer = `;Viz.instance().then((viz) => {
    onmessage = ({ data }) => postMessage(viz.render(data, { format: "plain" }));
    postMessage("ready");
  });`;
  const url = URL.createObjectURL(new Blob([program, answer], { type: "text/javascript" }));
  return new Worker(url);
}

/** Ask the worker, one question after the other; if it gives no answer in time, it is ended. */
async function rendered(dot) {
  const previous = asking;
  let finished;
  asking = new Promise((resolve) => (finished = resolve));
  await previous;
  try {
    graphviz ??= await worker();
    return await answered(graphviz, dot);
  } catch (error) {
    graphviz?.terminate();
    graphviz = null;
    throw error;
  } finally {
    finished();
  }
}

function answered(worker, dot) {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("Graphviz takes too long")), PATIENCE);
    worker.onerror = () => reject(new Error("Graphviz cannot run"));
    worker.onmessage = ({ data }) => {
      if (data === "ready") worker.postMessage(dot);
      else if (data.status === "success") resolve(data.output);
      else reject(new Error("Graphviz failed"));
    };
    if (worker.started) worker.postMessage(dot);
    worker.started = true;
  });
}

/** Graphviz sees sizes and made-up names, no labels. */
async function byGraphviz(elements, edges, frames) {
  const lines = [
    "digraph { graph [rankdir=LR nodesep=0.16 ranksep=0.45 ordering=in nslimit=2 nslimit1=2]",
    'node [shape=box fixedsize=true label=""] edge [arrowhead=none headport=w tailport=e]',
  ];
  const subgraph = (frame) =>
    `subgraph cluster_${frame.cluster} { margin=10 ${frame.elements.join(" ")} ${frame.frames.map(subgraph).join(" ")} }`;
  lines.push(...frames.map(subgraph));
  for (const e of elements) lines.push(`${e.id} [width=${e.width / 72} height=${e.height / 72}]`);
  // A frame begins where what enters it has ended, so that frames can stand side by side.
  const around = outermost(frames), entering = ({ tail, head }) => around.has(head) && around.get(head) !== around.get(tail);
  for (const edge of edges) lines.push(`${edge.tail} -> ${edge.head} [minlen=${entering(edge) ? 2 : 1}]`);
  const output = await rendered(`${lines.join("\n")}\n}`);
  return parsed(output, edges);
}

/** Return the outermost frame around each element that has one. */
function outermost(frames) {
  const inside = ({ elements, frames }) => [...elements, ...frames.flatMap(inside)];
  return new Map(frames.flatMap((frame) => inside(frame).map((id) => [id, frame])));
}

/** Read Graphviz's plain format: inches, from the bottom up. */
function parsed(output, edges) {
  const places = new Map(), waiting = new Map();
  for (const edge of edges) {
    const key = `${edge.tail} ${edge.head}`;
    if (!waiting.has(key)) waiting.set(key, []);
    waiting.get(key).push(edge);
  }
  const courses = new Map();
  for (const line of output.split("\n")) {
    const [kind, ...words] = line.split(" ");
    if (kind === "node") places.set(words[0], { x: words[1] * 72, y: -words[2] * 72 });
    if (kind === "edge") {
      const count = Number(words[2]);
      const points = Array.from({ length: count }, (_, i) => [words[3 + 2 * i] * 72, -words[4 + 2 * i] * 72]);
      courses.set(waiting.get(`${words[0]} ${words[1]}`).shift(), points);
    }
  }
  return { places, courses };
}

// ── columns ─────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Operands left of results, each near what it is connected with; linear in the number of edges. */
function inColumns(elements, edges) {
  const index = new Map(elements.map((e, i) => [e.id, i]));
  const into = elements.map(() => []), outOf = elements.map(() => []);
  for (const edge of edges) {
    const tail = index.get(edge.tail), head = index.get(edge.head);
    if (tail >= head) continue; // between modules that each need the other
    into[head].push(tail);
    outOf[tail].push(head);
  }
  const rank = new Int32Array(elements.length);
  elements.forEach((_, i) => into[i].forEach((j) => (rank[i] = Math.max(rank[i], rank[j] + 1))));
  elements.forEach((_, i) => {
    if (!into[i].length && outOf[i].length) rank[i] = outOf[i].reduce((least, j) => Math.min(least, rank[j]), Infinity) - 1;
  });
  const columns = [];
  elements.forEach((_, i) => (columns[rank[i]] ??= []).push(i));
  const place = new Float64Array(elements.length);
  const number = (column) => column.forEach((i, at) => (place[i] = at - (column.length - 1) / 2));
  columns.forEach(number);
  for (const [order, near] of [[columns, into], [[...columns].reverse(), outOf], [columns, into]]) {
    for (const column of order) {
      const middle = new Map(column.map((i) => [i, near[i].length ? near[i].reduce((s, j) => s + place[j], 0) / near[i].length : place[i]]));
      column.sort((i, j) => middle.get(i) - middle.get(j));
      number(column);
    }
  }
  const cost = edges.length + edges.reduce((sum, e) => sum + Math.abs(rank[index.get(e.head)] - rank[index.get(e.tail)]), 0);
  return { places: stacked(elements, columns), courses: new Map(), cost };
}

/** Stack the columns, long ones side by side. */
function stacked(elements, columns) {
  const places = new Map(), tallest = Math.max(8, Math.min(40, Math.ceil(1.3 * Math.sqrt(elements.length))));
  let x = 0;
  for (const column of columns) {
    const parts = Math.ceil(column.length / tallest), height = Math.ceil(column.length / parts);
    for (let part = 0; part < parts; part++) {
      const members = column.slice(part * height, (part + 1) * height).map((i) => elements[i]);
      const width = members.reduce((most, e) => Math.max(most, e.width), 0);
      const total = members.reduce((sum, e) => sum + e.height + GAP.y, -GAP.y);
      let y = -total / 2;
      for (const e of members) {
        places.set(e.id, { x: x + width / 2, y: y + e.height / 2 });
        y += e.height + GAP.y;
      }
      x += width + (part === parts - 1 ? GAP.x + Math.min(column.length, 40) * 2 : GAP.x / 3);
    }
  }
  return places;
}
