import { useMemo } from "preact/hooks";
import { Cut } from "./cut.jsx";
import { Select, Table } from "./parts.jsx";
import { address, show, view } from "./state.js";
import { count } from "./text.js";

const MOST = 200;

// Swaps by how often they stand in adversarial texts that succeeded, by strategy
function swaps(study, now) {
  const kept = study.cells.map((cell) => ["dataset", "model", "attack", "seed"].every((name) => !now[name] || String(cell[name]) === now[name]));
  const found = new Map();
  for (let pair = 0; pair < study.size; pair++) {
    if (!kept[study.columns.cell[pair]] || study.status(pair) !== "succeeded") continue;
    const { strategy } = study.cell(pair);
    const counted = now.by === "swap" ? study.swaps(pair).map(([from, to]) => `${from} ${to}`) : study.swaps(pair).map(([from]) => `${from}`);
    for (const key of new Set(counted)) {
      if (!found.has(key)) found.set(key, { key, all: 0, of: Object.create(null) });
      const line = found.get(key);
      line.all += 1;
      line.of[strategy] = (line.of[strategy] ?? 0) + 1;
    }
  }
  return [...found.values()].sort((a, b) => b.all - a.all || (a.key < b.key ? -1 : 1));
}

export function Words({ study }) {
  const now = view.value;
  const found = useMemo(() => swaps(study, now), [study, now.dataset, now.model, now.attack, now.seed, now.by]);
  const strategies = study.strategies.filter((each) => study.cells.some((cell) => cell.strategy === each.name));
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
      </div>
      <p class="muted">
        Successful adversarial texts in which a word was replaced; the {count(Math.min(MOST, found.length))} commonest of {count(found.length)}. A number opens its pairs.
      </p>
      <Cut study={study} now={now} />
      <Table>
        <thead>
          <tr>
            <th scope="col">{now.by === "swap" ? "swap" : "word"}</th>
            <th scope="col" class="figure">all</th>
            {strategies.map((each) => (
              <th scope="col" class="figure" key={each.name}>
                {each.title}
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
              </tr>
            );
          })}
        </tbody>
      </Table>
    </section>
  );
}
