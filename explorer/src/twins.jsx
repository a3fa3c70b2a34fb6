// Each text as both studies answered it: those first on which they part.
import { useMemo } from "preact/hooks";
import { List, ROW } from "./pairs.jsx";
import { Copy, Outcome, Select } from "./parts.jsx";
import { Reader } from "./reader.jsx";
import { select } from "./select.js";
import { show, view } from "./state.js";
import { useSteps } from "./steps.js";
import { count, counted, csv } from "./text.js";

const KEYS = ["dataset", "model", "attack", "strategy", "train_attack", "seed"];
const CRITERIA = [...KEYS, "label", "find", "differ", "by", "method", "text"];
const DIFFER = { "": "the outcome differs", a: "fell in A, held in B", b: "held in A, fell in B", same: "the same outcome", shared: "all that both have", only: "those of one study alone", all: "all" };
const SORTS = { "": "as in the ledgers", kt: "KT, largest fall from A to B", "-kt": "KT, largest rise from A to B", p: "P after the attack, largest fall from A to B", "-p": "P after the attack, largest rise" };

// Of every pair its twin: the other study's pair of the same text and cell; -1 where it has none
function twinsOf(study) {
  const first = new Map();
  const twin = new Int32Array(study.size).fill(-1);
  for (let pair = 0; pair < study.size; pair++) {
    const other = first.get(study.group[pair]);
    if (other === undefined) first.set(study.group[pair], pair);
    else [twin[pair], twin[other]] = [other, pair];
  }
  return twin;
}

function fits(study, twin, pair, differ) {
  if (twin[pair] < 0) return differ === "only" || differ === "all";
  const [was, is] = [study.status(pair), study.status(twin[pair])]; // in A, in B
  if (differ === "a") return was === "succeeded" && is === "failed";
  if (differ === "b") return was === "failed" && is === "succeeded";
  if (differ === "same") return was === is;
  return differ === "" ? was !== is : differ === "shared" || differ === "all";
}

// The pairs that stand for a text: A's, or B's where A has none
function chosenOf(study, twin, now) {
  const differ = Object.hasOwn(DIFFER, now.differ ?? "") ? (now.differ ?? "") : "";
  const facets = Object.fromEntries([...KEYS, "label", "find", "text"].map((name) => [name, now[name]]));
  const found = new Set(select(study, facets).map((pair) => (study.cell(pair).side === "b" && twin[pair] >= 0 ? twin[pair] : pair)));
  const kept = [...found].filter((pair) => fits(study, twin, pair, differ)).sort((a, b) => study.cell(a).match - study.cell(b).match || (study.id(a) < study.id(b) ? -1 : 1));
  const by = Object.hasOwn(SORTS, now.by ?? "") ? (now.by ?? "") : "";
  if (!by) return kept;
  const method = study.methods.includes(now.method) ? now.method : study.methods[0];
  const value = by.endsWith("kt") ? (pair) => study.likeness(pair, method, "kt", "own") : (pair) => study.probability(pair, "after");
  const change = (pair) => {
    const [a, b] = twin[pair] < 0 ? [null, null] : [value(pair), value(twin[pair])];
    return a === null || b === null ? null : b - a;
  };
  const keyed = kept.map((pair) => [change(pair), pair]);
  const down = by.startsWith("-") ? -1 : 1;
  keyed.sort(([a], [b]) => (a === null) - (b === null) || down * (a - b));
  return keyed.map(([, pair]) => pair);
}

export function Twins({ study }) {
  const now = view.value;
  const twin = useMemo(() => twinsOf(study), [study]);
  const chosen = useMemo(() => chosenOf(study, twin, now), [study, ...CRITERIA.map((name) => now[name])]);
  const place = Math.max(0, now.pair ? chosen.indexOf(study.named(now.pair)) : 0);
  const go = (to) => chosen.length && show({ pair: study.pairName(chosen[Math.max(0, Math.min(chosen.length - 1, to))]) });
  const Line = useMemo(() => lineOf(twin), [twin]);
  useSteps(chosen, place, go);
  if (!study.cells.length) return <p class="muted">There is no text to look at: no cell is attacked in both studies, or one of them was redrawn from archives, which hold no texts.</p>;
  return (
    <section class="pairs">
      <Facets study={study} now={now} />
      <p class="tally">
        <span role="status" id="tally">
          {counted(chosen.length, "text")}
        </span>
        <Draw study={study} now={now} />
        <Copy title="Copy these as CSV" make={() => csv(asRows(study, twin, chosen))} />
        <span class="muted keys">j, k or arrows step</span>
      </p>
      {chosen.length === 0 ? (
        <p class="muted">No text fits. Take a facet back, or search for less.</p>
      ) : (
        <div class="split">
          <List study={study} chosen={chosen} place={place} go={go} Line={Line} />
          <Reader study={study} pair={chosen[place]} now={now} />
        </div>
      )}
    </section>
  );
}

function Draw({ study, now }) {
  const cells = study.cells.filter((cell) => KEYS.every((name) => !now[name] || String(cell[name]) === now[name]));
  const [shown, attacked] = ["shown", "attacked"].map((name) => cells.reduce((sum, cell) => sum + cell[name], 0));
  if (shown === attacked) return null;
  return <span class="cut">a fixed draw, those first on which the studies part: this page holds {count(shown)} of {count(attacked)} pairs</span>;
}

function Facets({ study, now }) {
  const titles = study.title_of;
  const facet = (name, label, of) => {
    const present = [...new Set(study.cells.map((cell) => String(cell[name])))];
    if (present.length < 2 && !now[name]) return null;
    const order = of ? Object.keys(of).filter((each) => present.includes(each)) : present.sort((a, b) => a - b);
    return <Select label={label} all="all" value={now[name]} onChange={(value) => show({ [name]: value, pair: "" })} options={order.map((each) => [each, of?.[each] ?? each])} />;
  };
  const labels = now.dataset ? study.classes[now.dataset] ?? [] : study.datasets.length === 1 ? study.datasets[0].classes : [];
  return (
    <div class="controls">
      <Select label="Texts" value={now.differ ?? ""} onChange={(differ) => show({ differ, pair: "" })} options={Object.entries(DIFFER)} />
      {facet("dataset", "Data set", titles.datasets)}
      {facet("model", "Model", titles.models)}
      {facet("attack", "Attack", titles.attacks)}
      {facet("strategy", "Strategy", titles.strategies)}
      {facet("train_attack", "Trained on", { none: "no attack", ...titles.attacks })}
      {facet("seed", "Seed")}
      {labels.length > 0 && <Select label="Label" all="all" value={now.label} onChange={(label) => show({ label, pair: "" })} options={labels.map((name, at) => [String(at), name])} />}
      <Select label="Sort" value={now.by ?? ""} onChange={(by) => show({ by })} options={Object.entries(SORTS).filter(([name]) => !name.endsWith("kt") || study.methods.length)} />
      <label class="control wide">
        <span>Words, "whole word", /expression/ or from &gt; to</span>
        <input type="search" value={now.find ?? ""} onInput={(event) => show({ find: event.currentTarget.value, pair: "" })} spellcheck={false} />
      </label>
    </div>
  );
}

const lineOf = (twin) =>
  function Line({ study, pair, top, at, of, now, go }) {
    const cell = study.cell(pair);
    const words = study.original(pair);
    const sides = twin[pair] < 0 ? [pair] : [pair, twin[pair]];
    return (
      <div id={`pair-${pair}`} class={now ? "row now" : "row"} role="option" aria-selected={now} aria-posinset={at + 1} aria-setsize={of} style={{ top: `${top}px`, height: `${ROW}px` }} onClick={() => go(at)}>
        <div class="facts">
          {sides.map((each) => (
            <span key={each} class="of-side">
              {study.cell(each).side.toUpperCase()} <Outcome status={study.status(each)} />{" "}
            </span>
          ))}
        </div>
        <div class="start">
          <span class="muted">
            {study.title_of.strategies[cell.strategy]} · {study.id(pair)} · seed {cell.seed} ·{" "}
          </span>
          {Array.from(words.subarray(0, 24), (word) => study.word(word)).join(" ")}
          {words.length > 24 && " …"}
        </div>
      </div>
    );
  };

function asRows(study, twin, chosen) {
  const of_side = ["outcome", "p_label", "p_label_perturbed", "queries", "perturbed", ...study.methods.map((name) => `kendall_tau_${name}`)];
  const head = ["dataset", "model", "attack", "strategy", "train_attack", "seed", "example_id", "label", "original", ...["a", "b"].flatMap((side) => of_side.map((name) => `${name}_${side}`))];
  const told = (pair) => [study.status(pair), study.probability(pair, "before"), study.probability(pair, "after"), study.columns.queries[pair], text(study.adversarial(pair).words), ...study.methods.map((name) => study.likeness(pair, name, "kt", "own"))];
  const text = (words) => Array.from(words, (word) => study.word(word)).join(" ");
  const rows = chosen.map((pair) => {
    const cell = study.cell(pair);
    const sides = ["a", "b"].map((side) => (cell.side === side ? pair : twin[pair]));
    const facts = [cell.dataset, cell.model, cell.attack, cell.strategy, cell.train_attack, cell.seed, study.id(pair), study.className(pair, study.label(pair)), text(study.original(pair))];
    return [...facts, ...sides.flatMap((each) => (each < 0 ? of_side.map(() => "") : told(each)))];
  });
  return [head, ...rows];
}
