import { useMemo } from "preact/hooks";
import { Cut } from "./cut.jsx";
import { Select, Table } from "./parts.jsx";
import { address, show, view } from "./state.js";
import { count, number } from "./text.js";

const MOST = 200;

// Swaps, or the words that were replaced, by how often they stand in adversarial texts that succeeded, by strategy; of a
// word also what was put in its place, and how often
function swaps(study, now) {
  const kept = study.cells.map((cell) => ["dataset", "model", "attack", "seed"].every((name) => !now[name] || String(cell[name]) === now[name]));
  const found = new Map();
  for (let pair = 0; pair < study.size; pair++) {
    if (!kept[study.columns.cell[pair]] || study.status(pair) !== "succeeded") continue;
    const { strategy } = study.cell(pair);
    const seen = new Set();
    for (const [from, to] of new Map(study.swaps(pair).map((swap) => [swap.join(" "), swap])).values()) {
      const key = now.by === "swap" ? `${from} ${to}` : `${from}`;
      if (!found.has(key)) found.set(key, { key, all: 0, of: Object.create(null), to: new Map() });
      const line = found.get(key);
      line.to.set(to, (line.to.get(to) ?? 0) + 1);
      if (seen.has(key)) continue;
      seen.add(key);
      line.all += 1;
      line.of[strategy] = (line.of[strategy] ?? 0) + 1;
    }
  }
  return [...found.values()].sort((a, b) => b.all - a.all || (a.key < b.key ? -1 : 1));
}

// What the study knows of words by themselves: a word's count in train texts, and phi by the models that it is measured of
function lookup(study, now) {
  const { words, frequency, phi } = study.lexicon;
  const places = new Map(words.map((word, at) => [word, at]));
  const of = (values) => (word) => (word < 0 ? null : (values[places.get(study.word(word))] ?? null));
  const counts = Object.entries(frequency).filter(([dataset]) => !now.dataset || dataset === now.dataset).map(([, values]) => of(values));
  const fits = (cell) => (!now.dataset || cell.dataset === now.dataset) && (!now.model || cell.model === now.model) && (!now.attack || cell.train_attack === now.attack);
  return {
    frequency: (word) => counts.map((each) => each(word)).reduce((sum, each) => (each === null ? sum : (sum ?? 0) + each), null),
    phi: phi.filter(fits).map((cell) => ({ ...cell, of: of(cell.values) })),
  };
}

// The mean over what was put in a word's place, as often as it was; null where nothing is known of any
function mean(of, substitutes) {
  const known = [...substitutes].map(([word, times]) => [of(word), times]).filter(([value]) => value !== null);
  const times = known.reduce((sum, [, each]) => sum + each, 0);
  return times ? known.reduce((sum, [value, each]) => sum + value * each, 0) / times : null;
}

// Which models phi is of, and why others have none
function AboutPhi({ study, shown, strategies, bySwap }) {
  const titles = study.title_of;
  const where = (cell) => `${titles.datasets[cell.dataset]}, ${titles.models[cell.model]}${cell.train_attack === "none" ? "" : `, trained on ${titles.attacks[cell.train_attack]}`}, seed ${cell.seed}`;
  const all = study.lexicon.phi;
  const measured = [...new Set((shown.length ? shown : all).map(where))].join("; ");
  const named = (chosen) => strategies.filter(chosen).map((each) => each.title).join("; ");
  const lacking = named((each) => each.mask && !shown.some((cell) => cell.strategy === each.name));
  const unmasked = named((each) => !each.mask);
  return (
    <p class="muted prose" id="about-phi">
      {shown.length > 0 && `φ is the importance that a model's word mask learned for a word (${measured}): of the word → ${bySwap ? "of its substitute" : "of its substitutes, their mean"}. `}
      {shown.length > 0 && "A – is a word that is not in the training vocabulary. "}
      {!shown.length && all.length > 0 && `φ, the learned importance of words, is measured of ${measured} alone. `}
      {!all.length && lacking && "φ, the learned importance of words, is not measured: the study has no block artefacts.importance. "}
      {shown.length > 0 && lacking && `φ is not measured: ${lacking}. `}
      {unmasked && `No word mask, hence no φ: ${unmasked}.`}
    </p>
  );
}

export function Words({ study }) {
  const now = view.value;
  const found = useMemo(() => swaps(study, now), [study, now.dataset, now.model, now.attack, now.seed, now.by]);
  const known = useMemo(() => lookup(study, now), [study, now.dataset, now.model, now.attack]);
  const attacked = study.strategies.filter((each) => study.cells.some((cell) => cell.strategy === each.name));
  const main = attacked.filter((each) => each.main);
  const more = attacked.length - main.length;
  const strategies = main.length && more && now.columns !== "every" ? main : attacked;
  const facet = (name, label) => (study[`${name}s`].length > 1 || now[name]) && (
    <Select label={label} all="all" value={now[name]} onChange={(value) => show({ [name]: value })} options={study[`${name}s`].map((each) => [each.name, each.title])} />
  );
  const facets = { dataset: now.dataset, model: now.model, attack: now.attack, seed: now.seed };
  const quoted = (number) => (number >= 0 ? `"${study.word(number)}"` : "");
  return (
    <section>
      <div class="controls">
        <Select label="Count" value={now.by === "swap" ? "swap" : ""} onChange={(value) => show({ by: value })} options={[["", "replaced words"], ["swap", "swaps"]]} />
        {facet("dataset", "Data set")}
        {facet("model", "Model")}
        {facet("attack", "Attack")}
        {main.length > 0 && more > 0 && (
          <Select label="Strategies" value={now.columns === "every" ? "every" : ""} onChange={(value) => show({ columns: value })} options={[["", `the main ${count(main.length)}`], ["every", `all ${count(attacked.length)}`]]} />
        )}
      </div>
      <p class="muted prose">
        Successful adversarial texts in which a word was replaced; the {count(Math.min(MOST, found.length))} commonest of {count(found.length)}. A number opens its pairs.{strategies === main && " “All” counts the other strategies too."} In train: how often
        the training texts hold the word{now.by === "swap" && " → its substitute"}.
      </p>
      <Cut study={study} now={now} />
      <AboutPhi study={study} shown={known.phi} strategies={strategies} bySwap={now.by === "swap"} />
      <Table title={now.by === "swap" ? "Swaps" : "Words"}>
        <thead>
          <tr>
            <th scope="col">{now.by === "swap" ? "swap" : "word"}</th>
            <th scope="col" class="figure">all</th>
            {strategies.map((each) => (
              <th scope="col" class="figure" key={each.name}>
                {each.title}
              </th>
            ))}
            <th scope="col" class="figure">in train</th>
            {known.phi.map((cell) => (
              <th scope="col" class="figure" key={JSON.stringify([cell.dataset, cell.model, cell.strategy])}>
                {phiOf(study, cell)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {found.slice(0, MOST).map((line) => {
            const [from, to] = line.key.split(" ").map(Number);
            const find = `${quoted(from)} > ${to === undefined ? "" : quoted(to)}`.trim();
            const link = (strategy, value) => (value ? <a href={address({ page: "pairs", ...facets, strategy, outcome: "succeeded", find })}>{count(value)}</a> : "0");
            return (
              <tr key={line.key}>
                <td data-of="word">
                  {from < 0 ? <i>inserted</i> : study.word(from)}
                  {to !== undefined && <> → {to < 0 ? <i>dropped</i> : study.word(to)}</>}
                </td>
                <td class="figure" data-of="all">
                  {link("", line.all)}
                </td>
                {strategies.map((each) => (
                  <td class="figure" key={each.name} data-of={each.title}>
                    {link(each.name, line.of[each.name])}
                  </td>
                ))}
                <td class="figure whole" data-of="in train">
                  {said(known.frequency(from), count)}
                  {to !== undefined && <span class="muted"> → {said(known.frequency(to), count)}</span>}
                </td>
                {known.phi.map((cell) => (
                  <td class="figure whole" key={JSON.stringify([cell.dataset, cell.model, cell.strategy])} data-of={phiOf(study, cell)}>
                    {number(cell.of(from), 2)} <span class="muted">→ {number(mean(cell.of, line.to), 2)}</span>
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </Table>
    </section>
  );
}

const phiOf = (study, cell) => `φ ${study.title_of.strategies[cell.strategy]}`;
const said = (value, format) => (value === null ? "–" : format(value));
