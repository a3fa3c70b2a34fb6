// What the page holds: unpacked once, then read in place. Nothing here touches the page's elements but the two blocks.

async function unpack(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) bytes[at] = letters.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

const TYPES = { uint8: Uint8Array, uint16: Uint16Array, uint32: Uint32Array, int8: Int8Array, int16: Int16Array, float32: Float32Array };

// starts[i] is where the i-th of parts of these lengths begins
export function startsOf(lengths) {
  const starts = new Uint32Array(lengths.length + 1);
  for (let at = 0; at < lengths.length; at++) starts[at + 1] = starts[at] + lengths[at];
  return starts;
}

// What is looked up by names from an address: nothing but these names is in it
const record = (pairs) => Object.assign(Object.create(null), Object.fromEntries(pairs));

function taken(id) {
  const element = document.getElementById(id);
  element.remove();
  return element.textContent;
}

// {facts, columns} of two blocks of letters
export async function opened(...letters) {
  const [head, block] = await Promise.all(letters.map(unpack));
  const facts = JSON.parse(new TextDecoder().decode(head));
  const columns = {};
  for (const [name, [type, offset, length]] of Object.entries(facts.columns)) columns[name] = new TYPES[type](block, offset, length);
  return { facts, columns };
}

export async function read() {
  const { facts, columns } = await opened(taken("head"), taken("columns"));
  return new Study(facts, columns);
}

const cellName = ({ side, dataset, model, strategy, train_attack, seed, attack }) => [...(side ? [side] : []), dataset, model, strategy, train_attack, seed, attack].join("/");

export class Study {
  constructor(facts, columns) {
    Object.assign(this, facts);
    this.columns = columns;
    this.size = columns.cell.length;
    this.textStarts = startsOf(columns.text_length);
    this.editStarts = startsOf(columns.edited);
    this.scoreStarts = record(this.methods.map((method) => [method, startsOf(columns[`${method}_length`])]));
    this.lower = this.words.map((word) => word.toLowerCase());
    this.main = this.strategies.filter((each) => each.main).map((each) => each.name);
    this.rank = record(this.strategies.map((each, at) => [each.name, at]));
    this.title_of = {};
    for (const kind of ["datasets", "models", "attacks", "strategies"])
      this.title_of[kind] = record(this[kind].map((each) => [each.name, each.title]));
    this.classes = record(this.datasets.map((each) => [each.name, each.classes]));
    this.#group();
  }

  // Pairs of one text under one model, attack and seed: what the strategies made of it
  #group() {
    const { cell, text } = this.columns;
    const kinds = new Map();
    const of_cell = this.cells.map((each) => {
      // of two studies: what each of them made of the text under one strategy
      const key = JSON.stringify([each.model, each.attack, each.seed, each.side && [each.strategy, each.train_attack]]);
      if (!kinds.has(key)) kinds.set(key, kinds.size);
      return kinds.get(key);
    });
    this.group = new Float64Array(this.size);
    for (let pair = 0; pair < this.size; pair++) this.group[pair] = text[pair] * kinds.size + of_cell[cell[pair]];
    // trained on the attack it stands, or on none
    this.own_attack = this.cells.map((each) => each.train_attack === "none" || each.train_attack === each.attack);
  }

  // A pair by name, so that a link to it outlives a page that is made anew with more in it
  pairName(pair) {
    return `${cellName(this.cell(pair))}/${this.id(pair)}`;
  }
  named(name) {
    const cell = this.cells.findIndex((each) => name.startsWith(`${cellName(each)}/`));
    if (cell < 0) return -1;
    for (let pair = 0; pair < this.size; pair++) if (this.columns.cell[pair] === cell && this.pairName(pair) === name) return pair;
    return -1;
  }
  cell(pair) {
    return this.cells[this.columns.cell[pair]];
  }
  id(pair) {
    return this.ids[this.columns.text[pair]];
  }
  label(pair) {
    return this.columns.text_label[this.columns.text[pair]];
  }
  status(pair) {
    return this.statuses[this.columns.status[pair]];
  }
  className(pair, number) {
    return (this.cell(pair).classes ?? this.classes[this.cell(pair).dataset])?.[number] ?? String(number);
  }
  probability(pair, which) {
    return this.columns[which][pair] / this.parts;
  }

  original(pair) {
    const text = this.columns.text[pair];
    return this.columns.text_words.subarray(this.textStarts[text], this.textStarts[text + 1]);
  }

  // {words, aligned}: the adversarial text, and of each original word its place in it, -1 where it has none
  adversarial(pair) {
    const original = this.original(pair);
    const edits = this.columns.edits.subarray(this.editStarts[pair], this.editStarts[pair + 1]);
    if (this.columns.rewritten[pair]) {
      const words = edits.subarray(0, edits.length - original.length);
      return { words, aligned: Array.from(edits.subarray(words.length), (place) => place - 1) };
    }
    const words = Array.from(original);
    for (let at = 0; at < edits.length; at += 2) words[edits[at]] = edits[at + 1];
    return { words, aligned: words.map((_, place) => place) };
  }

  // [[from, to], ...] as numbers of words; -1 for nothing
  swaps(pair) {
    const original = this.original(pair);
    if (!this.columns.rewritten[pair]) {
      const found = [];
      for (let at = this.editStarts[pair]; at < this.editStarts[pair + 1]; at += 2)
        found.push([original[this.columns.edits[at]], this.columns.edits[at + 1]]);
      return found;
    }
    const { words, aligned } = this.adversarial(pair);
    const found = [];
    let reached = 0;
    original.forEach((word, position) => {
      const place = aligned[position];
      if (place < 0) return found.push([word, -1]);
      for (let at = reached; at < place; at++) found.push([-1, words[at]]);
      if (words[place] !== word) found.push([word, words[place]]);
      reached = place + 1;
    });
    for (let at = reached; at < words.length; at++) found.push([-1, words[at]]);
    return found;
  }

  // KT or TI@5 of a pair ("own" or "shared"); null where there is none
  likeness(pair, method, measure, source) {
    const stored = this.columns[`${method}_${measure}_${source}`]?.[pair];
    return stored === undefined || stored === this.undefined ? null : stored / this.parts;
  }

  // {scores (-127 to 127), scale} of a side of a pair; null where it was not explained
  scores(pair, method, side) {
    if (!method) return null;
    const at = pair * this.sides.length + this.sides.indexOf(side);
    const [start, end] = [this.scoreStarts[method][at], this.scoreStarts[method][at + 1]];
    return end > start ? { scores: this.columns[`${method}_scores`].subarray(start, end), scale: this.columns[`${method}_scale`][at] } : null;
  }

  word(number) {
    return number < 0 ? "" : this.words[number];
  }
}
