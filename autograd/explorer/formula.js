// Formulas: templates from the table, filled in with names or with numbers.

const FIRST_OPERAND = 0xe000, OUT = 0xf8ff;
const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** Split a template into texts, operands, the result, and exponents, which are templates again. */
function tokens(template) {
  const found = [];
  let text = "";
  const end = () => {
    if (text) found.push({ text: text.replaceAll("*", "×").replaceAll("-", "−").replace(/(?<=^|\()− (?=\S)/g, "−") });
    text = "";
  };
  for (let i = 0; i < template.length; i++) {
    const code = template.charCodeAt(i);
    if (code >= FIRST_OPERAND && code <= OUT) {
      end();
      found.push(code === OUT ? { out: true } : { operand: code - FIRST_OPERAND });
    } else if (template.startsWith(" ** ", i)) {
      end();
      const exponent = atom(template, i + 4);
      const bare = exponent.startsWith("(") ? exponent.slice(1, -1) : exponent;
      found.push({ exponent: tokens(bare) });
      i += 3 + exponent.length;
    } else text += template[i];
  }
  end();
  return found;
}

/** Return a number, a name, a call or what is in parentheses, from a place on. */
function atom(template, start) {
  let depth = 0, i = start;
  for (; i < template.length; i++) {
    if (depth === 0 && i > start && /[ ),]/.test(template[i])) break;
    depth += template[i] === "(" ? 1 : template[i] === ")" ? -1 : 0;
  }
  return template.slice(start, i);
}

/** A formula as text, with names. */
function plain(graph, node) {
  const fill = (list) =>
    list.map((t) => t.text ?? (t.exponent ? raised(fill(t.exponent)) : graph.named(t.out ? node : graph.operands[node][t.operand]))).join("");
  return fill(tokens(graph.template(node)[1]));
}

const raised = (text) => (/^\d+$/.test(text) ? [...text].map((d) => SUPERSCRIPTS[d]).join("") : /^[\p{L}\d.]+$/u.test(text) ? `^${text}` : `^(${text})`);

/** What to call an operand in a formula: its name, or a constant's number. */
Graph.prototype.named = function (operand, length = 14) {
  return operand < 0 ? short(this.constants[-1 - operand]) : cut(this.names[operand], length);
};

/** A formula as elements: with names, or with this run's numbers. */
function filled(graph, node, template, numbers) {
  const number = (operand) => {
    const text = short(graph.number(operand)), signed = /^−/.test(text);
    return make("span", { class: "number" }, signed ? `(${text})` : text);
  };
  const value = (operand) => (numbers || operand < 0 ? number(operand) : name(graph, operand));
  const fill = (list) =>
    list.map((t) => {
      if (t.exponent) return make("sup", {}, ...fill(t.exponent));
      return t.text ?? value(t.out ? node : graph.operands[node][t.operand]);
    });
  return fill(tokens(template));
}

/** A name as it is called within its module; the mouse finds the whole. */
const name = (graph, node) => make("bdi", { class: "variable", title: visible(graph.labels[node]) || undefined }, graph.named(node, LONGEST_NAME));

/** ∂a/∂b, one above the other. */
function slope(graph, of, by) {
  const half = (node) => make("span", {}, "∂", name(graph, node));
  return make("span", { class: "slope" }, half(of), make("span", { class: "over" }, half(by)));
}

const spokenSlope = (graph, of, by) => `∂${graph.named(of)}/∂${graph.named(by)}`;
