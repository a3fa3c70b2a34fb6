// Which pairs a view shows, and in what order: a scan over the columns.

export const FACETS = ["dataset", "model", "attack", "strategy", "seed", "train_attack"];
export const SORTS = { "": "as in the ledger", kt: "KT, lowest first", "-kt": "KT, highest first", "-queries": "most queries", queries: "fewest queries", "-change": "largest fall of probability", change: "smallest fall of probability" };

// Of each word whether it is meant: /expression/, "whole word" in quotes, else a part of the word
function meant(study, sought) {
  const found = new Uint8Array(study.words.length);
  let test;
  const expression = /^\/(.+)\/$/.exec(sought);
  if (expression) {
    try {
      const compiled = new RegExp(expression[1], "iu");
      test = (word) => compiled.test(word);
    } catch {
      return found;
    }
  } else if (/^".+"$/.test(sought)) {
    const whole = sought.slice(1, -1).toLowerCase();
    test = (word) => word === whole;
  } else {
    const part = sought.toLowerCase();
    test = (word) => word.includes(part);
  }
  for (let at = 0; at < found.length; at++) found[at] = test(study.lower[at]) ? 1 : 0;
  return found;
}

// A function of a pair, for "word word" (each in one of its two texts) or "from > to" (a swap); null for nothing sought
export function searcher(study, query) {
  const swap = query.split(/\s*(?:->|→|>)\s*/);
  if (swap.length === 2) return bySwap(study, swap[0].trim(), swap[1].trim());
  const sought = query.split(/\s+/).filter(Boolean).map((word) => holders(study, meant(study, word)));
  if (!sought.length) return null;
  return sought.length === 1 ? (pair) => sought[0][pair] : (pair) => sought.every((holds) => holds[pair]);
}

// Of each pair whether a word that is meant is in one of its two texts
function holders(study, mask) {
  const { text_words, edits, text, rewritten } = study.columns;
  const { textStarts, editStarts } = study;
  const inText = new Uint8Array(study.ids.length);
  for (let each = 0; each < inText.length; each++)
    for (let at = textStarts[each]; at < textStarts[each + 1] && !inText[each]; at++) inText[each] = mask[text_words[at]];
  const found = new Uint8Array(study.size);
  for (let pair = 0; pair < found.length; pair++) {
    const which = text[pair];
    found[pair] = inText[which];
    // a replacement is a place and a word; a rewritten text its words, then a place of each original word
    const [step, first, last] = rewritten[pair]
      ? [1, editStarts[pair], editStarts[pair + 1] - (textStarts[which + 1] - textStarts[which])]
      : [2, editStarts[pair] + 1, editStarts[pair + 1]];
    for (let at = first; at < last && !found[pair]; at += step) found[pair] = mask[edits[at]];
  }
  return found;
}

function bySwap(study, from, to) {
  if (!from && !to) return null;
  const [left, right] = [from, to].map((sought) => (sought ? meant(study, sought) : null));
  return (pair) => study.swaps(pair).some(([old, fresh]) => (!left || (old >= 0 && left[old])) && (!right || (fresh >= 0 && right[fresh])));
}

// The groups (a text under a model, attack and seed) in which one strategy fell; of cells trained on that attack
function fallen(study, strategy, status) {
  const wanted = study.statuses.indexOf(status);
  const found = new Set();
  const of_cell = study.cells.map((each, at) => each.strategy === strategy && study.own_attack[at]);
  for (let pair = 0; pair < study.size; pair++)
    if (study.columns.status[pair] === wanted && of_cell[study.columns.cell[pair]]) found.add(study.group[pair]);
  return found;
}

// The number of queries that an attack may have asked; null for what is no number of them
export const budget = (text) => (/^\d{1,9}$/.test(text ?? "") ? Number(text) : null);

export function select(study, view) {
  const cells = study.cells.map((each) => FACETS.every((name) => !view[name] || String(each[name]) === view[name]) ? 1 : 0);
  const within = budget(view.within);
  const fell = study.statuses.indexOf("succeeded");
  const status = view.outcome ? study.statuses.indexOf(view.outcome) : -1;
  const label = view.label ? Number(view.label) : -1;
  const text = view.text ? study.ids.reduce((all, id, at) => (id === view.text ? all.add(at) : all), new Set()) : null;
  const holds = searcher(study, view.find ?? "");
  const contest = view.fell && view.held ? [fallen(study, view.fell, "succeeded"), fallen(study, view.held, "failed")] : null;
  const shown = contest ? study.cells.map((each, at) => study.own_attack[at] && (view.strategy ? true : each.strategy === view.fell)) : null;
  const found = [];
  const { cell, columns } = { cell: study.columns.cell, columns: study.columns };
  for (let pair = 0; pair < study.size; pair++) {
    if (!cells[cell[pair]] || (status >= 0 && columns.status[pair] !== status)) continue;
    if (within !== null && (columns.status[pair] !== fell || columns.queries[pair] > within)) continue;
    if (label >= 0 && columns.text_label[columns.text[pair]] !== label) continue;
    if (text && !text.has(columns.text[pair])) continue;
    if (contest && !(shown[cell[pair]] && contest[0].has(study.group[pair]) && contest[1].has(study.group[pair]))) continue;
    if (holds && !holds(pair)) continue;
    found.push(pair);
  }
  return ordered(study, found, view.sort ?? "", study.methods.includes(view.method) ? view.method : study.methods[0]);
}

function ordered(study, pairs, sort, method) {
  if (!sort || !Object.hasOwn(SORTS, sort)) return pairs;
  const down = sort.startsWith("-") ? -1 : 1;
  const key = {
    kt: (pair) => study.likeness(pair, method, "kt", "own"),
    queries: (pair) => study.columns.queries[pair],
    change: (pair) => study.columns.before[pair] - study.columns.after[pair],
  }[sort.replace("-", "")];
  const keyed = pairs.map((pair) => [key(pair), pair]);
  // what has no value comes last either way
  keyed.sort(([a, p], [b, q]) => (a === null) - (b === null) || down * (a - b) || p - q);
  return keyed.map(([, pair]) => pair);
}
