// What did not fit into the page: all pairs of a cell, in a script beside it. A page from a disk may not fetch, so the
// script is run, and hands its letters over by the one function that it calls.
import { signal } from "@preact/signals";
import { Study, opened, startsOf } from "./data.js";

export const FOLDER = "explorer";
const nonce = document.currentScript?.nonce ?? ""; // the policy of the page lets a script with it run

export const ABSENT = "not there";
export const held = signal(null); // the study, with what was loaded so far

let handed = null;
globalThis.flatChunk = (...parts) => (handed = parts);

// The letters of one cell; an error says what is wrong with its file
function letters({ file, digest }) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.nonce = nonce;
    script.src = [FOLDER, ...file.split("/")].map(encodeURIComponent).join("/");
    script.onload = () => {
      const [said, ...blocks] = handed ?? [];
      handed = null;
      script.remove();
      if (said === digest) resolve(blocks);
      else reject(new Error(said === undefined ? "damaged" : "of another run"));
    };
    script.onerror = () => {
      script.remove();
      reject(new Error(ABSENT));
    };
    document.head.append(script);
  });
}

// Loads these cells (numbers) one after another into what is held; tells how many are done. Returns what could not be
// loaded: [{number, file, why}]
export async function load(numbers, tell) {
  const parts = new Map();
  const missing = [];
  for (const number of numbers) {
    tell(parts.size + missing.length);
    const chunk = held.value.chunks[number];
    try {
      const blocks = await letters(chunk);
      parts.set(number, await opened(...blocks));
    } catch (error) {
      missing.push({ number, file: `${FOLDER}/${chunk.file}`, why: error.message });
      if (error.message === ABSENT && !parts.size) break; // there is no folder
    }
  }
  if (parts.size) held.value = merged(held.value, parts);
  return missing;
}

const TEXTS = ["text_dataset", "text_label", "text_length", "text_words"];
const WHOLE = [Uint8Array, Uint16Array, Uint32Array];

// Arrays of one type, or of whole numbers, one after another
function joined(parts) {
  const kinds = parts.map((part) => WHOLE.indexOf(part.constructor));
  const Kind = Math.min(...kinds) < 0 ? parts[0].constructor : WHOLE[Math.max(...kinds)];
  const whole = new Kind(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// The edits of a part's pairs, by the numbers that its words have in the whole
function renamed(part, word) {
  const found = Uint32Array.from(part.columns.edits);
  for (let pair = 0; pair < part.size; pair++) {
    // a replacement is a place and a word; a rewritten text its words, then a place of each original word
    const [step, first, last] = part.columns.rewritten[pair]
      ? [1, part.editStarts[pair], part.editStarts[pair + 1] - part.original(pair).length]
      : [2, part.editStarts[pair] + 1, part.editStarts[pair + 1]];
    for (let at = first; at < last; at += step) found[at] = word[found[at]];
  }
  return found;
}

// The columns of pairs, cell after cell: those of a part where there is one. The pairs of a cell stand together
function stacked(study, rows) {
  const counts = new Uint32Array(study.cells.length);
  for (const cell of study.columns.cell) counts[cell]++;
  const first = startsOf(counts);
  const spans = study.cells.map((_, at) => (rows.has(at) ? [rows.get(at), 0, rows.get(at).size] : [study, first[at], first[at + 1]]));
  const sides = study.sides.length;
  const begins = { edits: (of, pair) => of.editStarts[pair] }; // where a pair's values begin; else it has one
  for (const method of study.methods) {
    begins[`${method}_length`] = begins[`${method}_scale`] = (_, pair) => pair * sides;
    begins[`${method}_scores`] = (of, pair) => of.scoreStarts[method][pair * sides];
  }
  const ofPairs = Object.keys(study.columns).filter((name) => !TEXTS.includes(name));
  return Object.fromEntries(
    ofPairs.map((name) => {
      const at = begins[name] ?? ((_, pair) => pair);
      return [name, joined(spans.map(([of, from, to]) => of.columns[name].subarray(at(of, from), at(of, to))))];
    }),
  );
}

// A study in which each of these cells has all of its pairs, in place of those that it had
export function merged(study, parts) {
  const [words, ids] = [[...study.words], [...study.ids]];
  const texts = study.columns;
  const numbers = new Map(words.map((word, at) => [word, at]));
  const key = (dataset, id) => `${dataset} ${id}`;
  const places = new Map(ids.map((id, at) => [key(texts.text_dataset[at], id), at]));
  const grown = Object.fromEntries(TEXTS.map((name) => [name, [texts[name]]]));
  const rows = new Map();
  for (const [number, { facts, columns }] of parts) {
    const part = new Study({ ...study, ...facts, cells: [study.cells[number]] }, columns);
    const word = facts.words.map((each) => numbers.get(each) ?? (numbers.set(each, words.length), words.push(each) - 1));
    const place = facts.ids.map((id, at) => {
      const name = key(columns.text_dataset[at], id);
      if (!places.has(name)) {
        places.set(name, ids.push(id) - 1);
        for (const of of TEXTS) if (of !== "text_words") grown[of].push(columns[of].subarray(at, at + 1));
        grown.text_words.push(Uint32Array.from(columns.text_words.subarray(part.textStarts[at], part.textStarts[at + 1]), (each) => word[each]));
      }
      return places.get(name);
    });
    const edits = renamed(part, word);
    part.columns = { ...columns, edits, cell: new Uint32Array(part.size).fill(number), text: Uint32Array.from(columns.text, (each) => place[each]) };
    rows.set(number, part);
  }
  const columns = Object.fromEntries(Object.entries(grown).map(([name, all]) => [name, joined(all)]));
  Object.assign(columns, stacked(study, rows));
  const cells = study.cells.map((each, at) => (parts.has(at) ? { ...each, shown: each.attacked } : each));
  return new Study({ ...study, words, ids, cells }, columns);
}
