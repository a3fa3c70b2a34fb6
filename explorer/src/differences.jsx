// The numbers of two studies side by side: both values, the difference with its interval, and the way to the texts.
import { Copy, Intervals, Select } from "./parts.jsx";
import { address, show, view } from "./state.js";
import { count, counted, csv } from "./text.js";

const FACETS = ["dataset", "model", "attack", "strategy"];
const KEYS = ["dataset", "model", "strategy", "train_attack", "attack"];
const MAIN = /^AA$/; // comes first
const minus = (text) => text.replaceAll("-", "−");
const side = (row) => (row.low == null || (row.low <= 0 && row.high >= 0) ? "unclear" : row.low > 0 ? "above" : "below");
// of percent: points
const unit = (metric) => (metric.endsWith("_percent") ? "B − A, points" : "B − A");

export function Differences({ study }) {
  const now = view.value;
  const { a, b, sentences, notes, numbers, differences } = study.comparison;
  const measures = [...new Set(numbers.map((each) => each.title))].sort((a, b) => MAIN.test(b) - MAIN.test(a)); // else as they are
  const kept = numbers.filter((each) => FACETS.every((name) => !now[name] || each[name] === now[name]) && (!now.metric || each.title === now.metric));
  const facet = (name, label) => {
    const present = new Set(numbers.map((each) => each[name]).filter(Boolean));
    if (present.size < 2 && !now[name]) return null;
    const titles = Object.entries(study.title_of[{ dataset: "datasets", model: "models", attack: "attacks", strategy: "strategies" }[name]]);
    return <Select label={label} all="all" value={now[name]} onChange={(value) => show({ [name]: value })} options={titles.filter(([each]) => present.has(each))} />;
  };
  return (
    <>
      <section>
        <h2>Two studies</h2>
        <dl class="two">
          {[["A", a], ["B", b]].map(([name, of]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <b>{of.title}</b> {of.name} <code>{of.given}</code>
                {of.outdated && <span class="cut">results of another version of this file</span>}
              </dd>
            </div>
          ))}
        </dl>
        <ul class="sentences">
          {sentences.map((each) => (
            <li key={each}>{each}</li>
          ))}
          <li>
            <a href={address({ page: "settings" })}>{counted(differences.length, "difference")}</a> of settings, data, attack locks or software may be why.
          </li>
        </ul>
      </section>
      <div class="controls">
        {measures.length > 1 && <Select label="Measure" all="all" value={now.metric} onChange={(metric) => show({ metric })} options={measures.map((each) => [each, each])} />}
        {facet("dataset", "Data set")}
        {facet("model", "Model")}
        {facet("attack", "Attack")}
        {facet("strategy", "Strategy")}
        <Copy title="Copy as CSV" make={() => csv(asRows(kept))} />
      </div>
      {kept.length === 0 && <p class="muted">No number fits. Take a facet back.</p>}
      {measures
        .filter((title) => kept.some((each) => each.title === title))
        .map((title) => {
          const found = kept.filter((each) => each.title === title).sort((a, b) => order(study, a, b));
          return (
            <section key={title}>
              <h2>{title}</h2>
              <Intervals caption={`Differences of ${title}`} title="cell" unit={unit(found[0].metric)} rows={found.map((each) => row(study, each))} format={(each) => <Figures of={each.of} />} />
            </section>
          );
        })}
      {notes.length > 0 && (
        <ul class="notes muted">
          {notes.map((each) => (
            <li key={each}>{minus(each)}</li>
          ))}
        </ul>
      )}
    </>
  );
}

// By data set, model and attack; then by strategy, as the study has them
function order(study, a, b) {
  for (const name of ["dataset", "model", "attack"]) if (a[name] !== b[name]) return a[name] < b[name] ? -1 : 1;
  return study.rank[a.strategy] - study.rank[b.strategy];
}

function row(study, each) {
  const titles = study.title_of;
  const trained = each.train_attack !== "none" && each.train_attack !== each.attack ? `trained on ${titles.attacks[each.train_attack] ?? each.train_attack}` : "";
  const places = [titles.datasets[each.dataset], titles.models[each.model], trained, titles.attacks[each.attack], each.seeds.length > 1 ? `${each.seeds.length} seeds` : `seed ${each.seeds[0]}`];
  return {
    of: each,
    key: JSON.stringify([...KEYS.map((name) => each[name]), each.title]),
    label: titles.strategies[each.strategy],
    note: (
      <>
        {places.filter(Boolean).join(", ")}
        <Texts study={study} each={each} />
      </>
    ),
    value: each.difference,
    low: each.low,
    high: each.high,
    side: side(each),
  };
}

function Figures({ of }) {
  const { a, b, difference, interval } = Object.fromEntries(Object.entries(of.said).map(([name, text]) => [name, minus(text)]));
  const n = of.n_a === of.n_b ? `n ${count(of.n_a)}` : `n ${count(of.n_a)} and ${count(of.n_b)}`;
  return (
    <>
      <b>{difference}</b> {interval === "none" ? "no interval" : interval}
      <span class="behind line">
        A {a}, B {b}; {n}
      </span>
      <span class="behind">{of.attack ? `${of.pairing}, ${count(of.shared)} shared` : of.pairing}</span>
    </>
  );
}

// Under an attack: on how many texts the studies part, each number to these texts
function Texts({ study, each }) {
  if (each.metric !== "after_attack_accuracy_percent") return null;
  const cells = study.comparison.cells.filter((cell) => KEYS.every((name) => cell[name] === each[name]) && each.seeds.includes(cell.seed));
  if (!cells.length) return null;
  const sum = (name) => cells.reduce((all, cell) => all + cell[name], 0);
  const keys = Object.fromEntries(KEYS.map((name) => [name, each[name]]));
  const link = (differ, number, said) => (number ? <a href={address({ page: "texts", ...keys, seed: each.seeds.length === 1 ? each.seeds[0] : "", differ })}>{said}</a> : said);
  return (
    <span class="behind">
      {link("a", sum("fell_a"), `${count(sum("fell_a"))} fell in A, held in B`)}; {link("b", sum("fell_b"), `${count(sum("fell_b"))} the other way round`)}
    </span>
  );
}

function asRows(kept) {
  const names = ["dataset", "model", "strategy", "train_attack", "attack", "metric", "method", "pair_set", "permits", "a", "b", "difference", "low", "high", "n_a", "n_b", "shared", "only_a", "only_b", "pairing"];
  return [[...names, "seeds"], ...kept.map((each) => [...names.map((name) => each[name]), each.seeds.join(" ")])];
}
