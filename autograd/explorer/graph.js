// The computation: its numbers as they were recorded, what becomes of them when a leaf is changed, and its two sweeps.

class Graph {
  constructor(saved) {
    this.size = saved.labels.length;
    this.root = this.size - 1;
    this.primitives = saved.primitives;
    this.operands = saved.operands;
    this.templates = saved.templates;
    this.members = saved.members;
    this.clusters = saved.clusters.map(([name, outer]) => ({ name, outer }));
    this.constants = saved.constants.map(Number);
    this.recorded = {
      data: saved.data.map(Number),
      partials: saved.partials.map((partials) => partials.map((p) => (p === null ? null : Number(p)))),
    };
    this.labels = saved.labels;
    this.names = saved.labels.map((label, i) => this.nameIn(label, saved.members[i]) || `v${i}`);
    this.leaves = [...saved.primitives.keys()].filter((i) => !saved.operands[i].length && !saved.primitives[i]);
    this.changes = new Map(); // from leaves to the numbers that they have been given
    this.uses = Array.from({ length: this.size }, () => []);
    this.steps = this.allSteps();
    this.compute();
  }

  /** The name of a node without that of the module that it is in. */
  nameIn(label, cluster) {
    for (; cluster; cluster = this.clusters[cluster].outer) {
      const module = this.clusters[cluster].name;
      if (label.startsWith(`${module}.`)) return label.slice(module.length + 1);
    }
    return label;
  }

  /** Each operation once; then the seed; then each arrow once, from the newest result to the oldest. */
  allSteps() {
    const inner = [...this.operands.keys()].filter((i) => this.primitives[i]);
    const steps = inner.map((node) => ({ kind: "forward", node }));
    steps.push({ kind: "seed", node: this.root });
    for (const node of inner.reverse()) {
      this.operands[node].forEach((operand, place) => {
        if (operand < 0) return;
        this.uses[operand].push({ node, place, step: steps.length });
        steps.push({ kind: "reverse", node, place, operand });
      });
    }
    this.seedStep = inner.length;
    return steps;
  }

  template(i) {
    return this.templates[`${this.primitives[i]}/${this.operands[i].length}`];
  }

  isLeaf(i) {
    return !this.primitives[i];
  }

  /** The number of an operand, a node or a constant. */
  number(operand) {
    return operand < 0 ? this.constants[-1 - operand] : this.data[operand];
  }

  change(leaf, number) {
    if (Object.is(number, this.recorded.data[leaf])) this.changes.delete(leaf);
    else this.changes.set(leaf, number);
    this.compute();
  }

  reset() {
    this.changes.clear();
    this.compute();
  }

  /** Compute what depends on changed leaves; all else stays as it was recorded, to the bit. */
  compute() {
    this.data = [...this.recorded.data];
    this.partials = [...this.recorded.partials];
    this.unknown = new Set(); // what has no implementation here, and what depends on that
    if (!this.changes.size) return;
    const moved = new Uint8Array(this.size);
    for (let i = 0; i < this.size; i++) {
      if (this.changes.has(i)) {
        this.data[i] = this.changes.get(i);
        moved[i] = 1;
      } else if (this.operands[i].some((x) => x >= 0 && moved[x])) {
        moved[i] = 1;
        this.evaluate(i);
      }
    }
  }

  evaluate(i) {
    const row = Object.hasOwn(TABLE, this.primitives[i]) && TABLE[this.primitives[i]];
    const operands = this.operands[i], numbers = operands.map((x) => this.number(x));
    try {
      if (!row || operands.some((x) => this.unknown.has(x))) throw new Unavailable();
      this.data[i] = row.value(numbers);
      this.partials[i] = row.partials(this.data[i], numbers);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      this.unknown.add(i);
      this.data[i] = NaN;
      this.partials[i] = operands.map(() => NaN);
    }
  }

  /** What one use of an operand adds to its adjoint: nothing where nothing flows. */
  contribution(adjoint, node, place) {
    const partial = this.partials[node][place];
    return partial === null || adjoint === 0 ? 0 : adjoint * partial;
  }

  /** All adjoints after so many steps. */
  adjoints(done) {
    const adjoints = new Float64Array(this.size);
    if (done > this.seedStep) adjoints[this.root] = 1;
    for (let s = this.seedStep + 1; s < done; s++) {
      const { node, place, operand } = this.steps[s];
      adjoints[operand] += this.contribution(adjoints[node], node, place);
    }
    return adjoints;
  }
}
