import { Virtualizer, elementScroll, observeElementOffset, observeElementRect } from "@tanstack/virtual-core";
import { useLayoutEffect, useMemo, useReducer, useRef } from "preact/hooks";
import { Cut } from "./cut.jsx";
import { Copy, Outcome, Select } from "./parts.jsx";
import { Reader } from "./reader.jsx";
import { SORTS, budget, select } from "./select.js";
import { show, view } from "./state.js";
import { useSteps } from "./steps.js";
import { counted, csv } from "./text.js";

export const ROW = 76; // pixels: two lines of facts and two of text
const CRITERIA = ["dataset", "model", "attack", "strategy", "seed", "train_attack", "outcome", "label", "find", "fell", "held", "within", "sort", "method", "text"];

export function Pairs({ study }) {
  const now = view.value;
  const chosen = useMemo(() => select(study, now), [study, ...CRITERIA.map((name) => now[name])]);
  const place = Math.max(0, now.pair ? chosen.indexOf(study.named(now.pair)) : 0);
  const pair = chosen[place];
  const go = (to) => chosen.length && show({ pair: study.pairName(chosen[Math.max(0, Math.min(chosen.length - 1, to))]) });

  useSteps(chosen, place, go);

  return (
    <section class="pairs">
      <Facets study={study} now={now} />
      <p class="tally">
        <span role="status" id="tally">
          {counted(chosen.length, "pair")}
        </span>
        <Cut study={study} now={now} />
        <Copy title="Copy these as CSV" make={() => csv(asRows(study, chosen))} />
        <span class="muted keys">j, k or arrows step</span>
      </p>
      {pair === undefined ? (
        <p class="muted">No pair fits. Take a facet back, or search for less.</p>
      ) : (
        <div class="split">
          <List study={study} chosen={chosen} place={place} go={go} />
          <Reader study={study} pair={pair} now={now} />
        </div>
      )}
    </section>
  );
}

function Facets({ study, now }) {
  const values = (name) => [...new Set(study.cells.map((cell) => String(cell[name])))];
  const facet = (name, label, titles) => {
    const present = values(name);
    if (present.length < 2 && !now[name]) return null; // nothing to choose
    const order = titles ? Object.keys(titles).filter((each) => present.includes(each)) : present.sort((a, b) => a - b);
    return <Select label={label} all="all" value={now[name]} onChange={(value) => show({ [name]: value, pair: "" })} options={order.map((each) => [each, titles?.[each] ?? each])} />;
  };
  const titles = study.title_of;
  const names = study.main.length > 1 ? study.main : study.strategies.map((each) => each.name);
  const contests = names.flatMap((fell) => names.filter((held) => held !== fell).map((held) => [`${fell} ${held}`, `${titles.strategies[fell]} fell, ${titles.strategies[held]} held`]));
  const contest = now.fell && now.held ? `${now.fell} ${now.held}` : "";
  const labels = now.dataset ? study.classes[now.dataset] ?? [] : study.datasets.length === 1 ? study.datasets[0].classes : [];
  const trained = values("train_attack").filter((each) => each !== "none");
  return (
    <div class="controls">
      {facet("dataset", "Data set", titles.datasets)}
      {facet("model", "Model", titles.models)}
      {facet("attack", "Attack", titles.attacks)}
      {facet("strategy", "Strategy", titles.strategies)}
      {trained.length > 1 && facet("train_attack", "Trained on", { none: "no attack", ...titles.attacks })}
      {facet("seed", "Seed")}
      <Select label="Outcome" all="all" value={now.outcome} onChange={(value) => show({ outcome: value, pair: "" })} options={study.statuses.map((each) => [each, each])} />
      {labels.length > 0 && (
        <Select label="Label" all="all" value={now.label} onChange={(value) => show({ label: value, pair: "" })} options={labels.map((name, at) => [String(at), name])} />
      )}
      {contests.length > 0 && (
        <Select
          label="Strategies apart"
          all="any"
          value={contest}
          onChange={(value) => {
            const [fell, held] = value.split(" ");
            show({ fell, held, pair: "" });
          }}
          options={contests}
        />
      )}
      <Within now={now} />
      <Select label="Sort" value={now.sort ?? ""} onChange={(value) => show({ sort: value })} options={Object.entries(SORTS).filter(([name]) => !name.endsWith("kt") || study.methods.length)} />
      <label class="control wide">
        <span>Words, "whole word", /expression/ or from &gt; to</span>
        <input type="search" value={now.find ?? ""} onInput={(event) => show({ find: event.currentTarget.value, pair: "" })} spellcheck={false} />
      </label>
      {now.text && (
        <button type="button" class="chip" onClick={() => show({ text: "" })}>
          text {now.text} ✕
        </button>
      )}
    </div>
  );
}

// Pairs that fell before the attack had asked more than so many queries
function Within({ now }) {
  const set = budget(now.within) !== null;
  return (
    <div class={set ? "control within set" : "control within"}>
      <label for="within">Fell within … queries</label>
      <span>
        <input id="within" type="number" min="0" step="1" inputMode="numeric" placeholder="any" value={set ? now.within : ""} onInput={(event) => show({ within: event.currentTarget.value, pair: "" })} />
        {set && (
          <button type="button" aria-label="any number of queries" onClick={() => show({ within: "", pair: "" })}>
            ✕
          </button>
        )}
      </span>
    </div>
  );
}

export function List({ study, chosen, place, go, Line = Row }) {
  const box = useRef(null);
  const [, again] = useReducer((turn) => turn + 1, 0);
  const list = useMemo(
    () =>
      new Virtualizer({
        count: 0,
        getScrollElement: () => box.current,
        estimateSize: () => ROW,
        overscan: 6,
        observeElementRect,
        observeElementOffset,
        scrollToFn: elementScroll,
        initialRect: { width: 300, height: 700 },
        onChange: again,
      }),
    [],
  );
  list.setOptions({ ...list.options, count: chosen.length });
  useLayoutEffect(() => list._didMount(), []);
  useLayoutEffect(() => list._willUpdate());
  useLayoutEffect(() => list.scrollToIndex(place, { align: "auto" }), [place, chosen]);
  return (
    <div class="list" ref={box} tabIndex={0} role="listbox" aria-label="Pairs" aria-activedescendant={`pair-${chosen[place]}`}>
      <div style={{ height: `${list.getTotalSize()}px` }}>
        {list.getVirtualItems().map((item) => (
          <Line key={chosen[item.index]} study={study} pair={chosen[item.index]} top={item.start} at={item.index} of={chosen.length} now={item.index === place} go={go} />
        ))}
      </div>
    </div>
  );
}

function Row({ study, pair, top, at, of, now, go }) {
  const cell = study.cell(pair);
  const words = study.original(pair);
  const start = Array.from(words.subarray(0, 24), (word) => study.word(word)).join(" ");
  const swaps = study.swaps(pair).slice(0, 4).map(([, to]) => study.word(to)).filter(Boolean);
  return (
    <div id={`pair-${pair}`} class={now ? "row now" : "row"} role="option" aria-selected={now} aria-posinset={at + 1} aria-setsize={of} style={{ top: `${top}px`, height: `${ROW}px` }} onClick={() => go(at)}>
      <div class="facts">
        <Outcome status={study.status(pair)} /> {study.title_of.strategies[cell.strategy]} · {study.id(pair)} · seed {cell.seed}
      </div>
      <div class="start">
        {swaps.length > 0 && <b>{swaps.join(", ")} ← </b>}
        {start}
        {words.length > 24 && " …"}
      </div>
    </div>
  );
}

function asRows(study, chosen) {
  const head = ["dataset", "model", "attack", "strategy", "train_attack", "seed", "example_id", "label", "outcome", "predicted", "perturbed_predicted", "p_label", "p_label_perturbed", "queries", "original", "perturbed", "swaps", ...study.methods.map((name) => `kendall_tau_${name}`)];
  const rows = chosen.map((pair) => {
    const cell = study.cell(pair);
    const text = (words) => Array.from(words, (word) => study.word(word)).join(" ");
    const swaps = study.swaps(pair).map(([from, to]) => `${study.word(from)}>${study.word(to)}`).join("; ");
    const facts = [study.id(pair), study.className(pair, study.label(pair)), study.status(pair), study.className(pair, study.columns.predicted[pair]), study.className(pair, study.columns.answer[pair])];
    const numbers = [study.probability(pair, "before"), study.probability(pair, "after"), study.columns.queries[pair]];
    return [cell.dataset, cell.model, cell.attack, cell.strategy, cell.train_attack, cell.seed, ...facts, ...numbers, text(study.original(pair)), text(study.adversarial(pair).words), swaps, ...study.methods.map((name) => study.likeness(pair, name, "kt", "own"))];
  });
  return [head, ...rows];
}
