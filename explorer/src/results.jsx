import { Copy, Select, Table } from "./parts.jsx";
import { address, show, view } from "./state.js";
import { table } from "./tex.js";
import { csv, number, places, signed } from "./text.js";

// A line per data set, model, attack and the attack it was trained on; base models stand in each line of their own
function lines(study, metric, method, pairSet) {
  const rows = study.results.filter((row) => row.metric === metric && row.method === method && row.pair_set === pairSet);
  const found = new Map();
  const key = (row, trained) => JSON.stringify([row.dataset, row.model, row.attack, trained]);
  for (const row of rows) {
    if (row.train_attack === "none") continue;
    const at = key(row, row.train_attack);
    if (!found.has(at)) found.set(at, { dataset: row.dataset, model: row.model, attack: row.attack, trained: row.train_attack, of: Object.create(null) });
    found.get(at).of[row.strategy] = row;
  }
  for (const row of rows) {
    if (row.train_attack !== "none") continue;
    const same = [...found.values()].filter((line) => line.dataset === row.dataset && line.model === row.model && line.attack === row.attack);
    if (!same.length) {
      const line = { dataset: row.dataset, model: row.model, attack: row.attack, trained: row.attack || "none", of: Object.create(null) };
      found.set(key(row, line.trained), line);
      same.push(line);
    }
    for (const line of same) line.of[row.strategy] = row;
  }
  return [...found.values()];
}

const difference = (line, [of, minus]) => (line.of[of] && line.of[minus] ? line.of[of].value - line.of[minus].value : null);

export function Results({ study }) {
  const now = view.value;
  const metrics = study.metrics.filter((each) => study.results.some((row) => row.metric === each.name));
  const metric = metrics.find((each) => each.name === now.metric) ?? metrics.find((each) => each.name === "after_attack_accuracy_percent") ?? metrics[0];
  if (!metric) return <p>This study has no measurements.</p>;
  const kinds = [...new Set(study.results.filter((row) => row.metric === metric.name).map((row) => `${row.method}/${row.pair_set}`))].sort();
  const kind = kinds.includes(now.kind) ? now.kind : kinds.find((each) => each.endsWith("/saved")) ?? kinds[0];
  const [method, pairSet] = kind.split("/");
  const all = lines(study, metric.name, method, pairSet);
  const strategies = study.strategies.filter((each) => all.some((line) => line.of[each.name]));
  const versus = [...new Map(study.contrasts.map((each) => [`${each.of} ${each.minus}`, [each.of, each.minus]])).values()].filter(([of, minus]) =>
    all.some((line) => line.of[of] && line.of[minus]),
  );
  const chosen = all.filter((line) => ["dataset", "model", "attack"].every((name) => !now[name] || line[name] === now[name]));
  const sorted = order(chosen, now.by ?? "", versus);
  const titles = study.title_of;
  const attacked = all.some((line) => line.attack);
  const transfers = all.some((line) => line.attack && line.trained !== line.attack);
  const columns = [
    { name: "dataset", title: "data set", of: (line) => titles.datasets[line.dataset] },
    { name: "model", title: "model", of: (line) => titles.models[line.model] },
    ...(attacked ? [{ name: "attack", title: "attack", of: (line) => titles.attacks[line.attack] ?? line.attack }] : []),
    ...(transfers || !attacked ? [{ title: "trained on", of: (line) => titles.attacks[line.trained] ?? line.trained }] : []),
  ];
  const figures = [...strategies.map((each) => [`strategy ${each.name}`, each.title]), ...versus.map((pair) => [`minus ${pair.join(" ")}`, minus(study, pair)])];
  const sorts = [
    ...columns.filter((each) => each.name).flatMap(({ name, title }) => [[name, title], [`-${name}`, `${title}, from the end`]]),
    ...figures.flatMap(([name, title]) => [[name, `${title}, lowest first`], [`-${name}`, `${title}, highest first`]]),
  ];
  const sortBy = (name) => show({ by: now.by === name ? `-${name}` : name });
  const heading = (name, title, figure) => (
    <th scope="col" key={name} class={figure ? "figure" : ""} aria-sort={now.by === name ? "ascending" : now.by === `-${name}` ? "descending" : "none"}>
      <button type="button" class="heading" onClick={() => sortBy(name)}>
        {title}
        <span aria-hidden="true">{now.by === name ? " ▲" : now.by === `-${name}` ? " ▼" : ""}</span>
      </button>
    </th>
  );
  const facet = (name, label) => (study[`${name}s`].length > 1 || now[name]) && (
    <Select label={label} all="all" value={now[name]} onChange={(value) => show({ [name]: value })} options={study[`${name}s`].map((each) => [each.name, each.title])} />
  );
  return (
    <section>
      <div class="controls">
        <Select label="Metric" value={metric.name} onChange={(value) => show({ metric: value, kind: "" })} options={metrics.map((each) => [each.name, each.title])} />
        {kinds.length > 1 && (
          <Select
            label="Explanations, pairs"
            value={kind}
            onChange={(value) => show({ kind: value })}
            options={kinds.map((each) => [each, each.split("/").map((part, at) => (at ? part : part.toUpperCase())).join(", ")])}
          />
        )}
        {facet("dataset", "Data set")}
        {facet("model", "Model")}
        {facet("attack", "Attack")}
        <div class="control sorting">
          <Select label="Sort" all="as in the study" value={now.by} onChange={(value) => show({ by: value })} options={sorts} />
        </div>
        <div class="copies">
          <Copy title="Copy as CSV" make={() => csv(asRows(sorted, strategies))} />
          <Copy title="Copy as TeX" make={() => asTex({ study, lines: sorted, columns, strategies, versus, metric, method, pairSet })} />
        </div>
      </div>
      <p class="muted">
        {metric.title}, {metric.unit}. Below each value: the texts it counts and its 95 % interval. A value opens its pairs.<span class="headings"> A heading sorts.</span>
      </p>
      <Table title={metric.title}>
        <thead>
          <tr>
            {columns.map((each) => (each.name ? heading(each.name, each.title) : <th scope="col" key={each.title}>{each.title}</th>))}
            {figures.map(([name, title]) => heading(name, title, true))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((line) => (
            <tr key={JSON.stringify([line.dataset, line.model, line.attack, line.trained])}>
              {columns.map((each) => (
                <td key={each.title} data-of={each.title}>
                  {each.of(line)}
                </td>
              ))}
              {strategies.map((each) => (
                <Value key={each.name} line={line} strategy={each} metric={metric} />
              ))}
              {versus.map((pair) => (
                <Difference key={pair.join(" ")} study={study} line={line} pair={pair} metric={metric} method={method} pairSet={pairSet} />
              ))}
            </tr>
          ))}
        </tbody>
      </Table>
    </section>
  );
}

function order(found, by, versus) {
  if (!by) return found;
  const down = by.startsWith("-") ? -1 : 1;
  const [what, ...names] = by.replace(/^-/, "").split(" ");
  const key = (line) => (what === "strategy" ? line.of[names.join(" ")]?.value : what === "minus" ? difference(line, versus.find((pair) => pair.join(" ") === names.join(" ")) ?? []) : line[what]);
  return [...found].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x == null || y == null) return (x == null) - (y == null);
    return down * (typeof x === "number" ? x - y : String(x).localeCompare(String(y)));
  });
}

function asRows(found, strategies) {
  const head = ["dataset", "model", "attack", "trained_on", "strategy", "metric", "method", "pair_set", "value", "low", "high", "right", "of", "n", "seeds"];
  const rows = found.flatMap((line) =>
    strategies
      .filter((each) => line.of[each.name])
      .map((each) => {
        const row = line.of[each.name];
        return [line.dataset, line.model, line.attack, row.train_attack, each.name, row.metric, row.method, row.pair_set, row.value, row.low, row.high, row.right, row.of, row.n, row.seeds.join(" ")];
      }),
  );
  return [head, ...rows];
}

// What an entry shows: its value, the texts that it counts, its interval; each as text
function entry(row, metric) {
  const decimals = places(metric, row.of ?? row.n);
  const seeds = row.seeds.length > 1 ? `, ${row.seeds.length} seeds` : "";
  return {
    value: number(row.value, decimals),
    counts: (row.right == null ? `n = ${row.n}` : `${row.right}/${row.of}`) + seeds,
    interval: row.low == null ? "" : `[${number(row.low, decimals)}, ${number(row.high, decimals)}]`,
  };
}

function Value({ line, strategy, metric }) {
  const row = line.of[strategy.name];
  if (!row) return <td class="figure none" data-of={strategy.title}>not run</td>;
  const seed = row.seeds.length === 1 ? String(row.seeds[0]) : "";
  const to = address({ page: "pairs", dataset: line.dataset, model: line.model, attack: line.attack, strategy: strategy.name, train_attack: row.train_attack, seed });
  const { value, counts, interval } = entry(row, metric);
  return (
    <td class="figure" data-of={strategy.title}>
      {line.attack ? <a href={to}>{value}</a> : <b>{value}</b>}
      <span class="behind">{counts}</span>
      {interval && <span class="behind">{interval}</span>}
      {metric.unit === "percent" && (
        <span class="bar" aria-hidden="true">
          <span style={{ width: `${Math.max(0, Math.min(100, row.value))}%`, background: strategy.colour }} />
        </span>
      )}
    </td>
  );
}

// What an entry of two strategies shows; null where one of them was not run
function apart({ study, line, pair, metric, method, pairSet }) {
  const value = difference(line, pair);
  if (value == null) return null;
  const known = study.contrasts.find((each) => each.of === pair[0] && each.minus === pair[1] && each.metric === metric.name && each.method === method && each.pair_set === pairSet);
  const same = (cell) => ["dataset", "model", "attack"].every((name) => cell[name] === line[name]) && line.trained === line.attack;
  const cell = known?.cells.find(same);
  const decimals = places(metric, Math.min(...pair.map((name) => line.of[name].n)));
  return {
    value: signed(cell?.value ?? value, decimals),
    interval: cell?.low == null ? "" : `[${signed(cell.low, decimals)}, ${signed(cell.high, decimals)}]`,
  };
}

const minus = (study, pair) => pair.map((name) => study.title_of.strategies[name]).join(" − ");

function Difference(props) {
  const found = apart(props);
  const title = minus(props.study, props.pair);
  if (!found) return <td class="figure none" data-of={title}>–</td>;
  return (
    <td class="figure" data-of={title}>
      <b>{found.value}</b>
      {found.interval && <span class="behind">{found.interval}</span>}
    </td>
  );
}

// The table as it is seen
function asTex({ study, lines, columns, strategies, versus, metric, method, pairSet }) {
  const entries = (line) => [
    ...strategies.map((each) => {
      const row = line.of[each.name];
      return row ? Object.values(entry(row, metric)).filter(Boolean) : { none: "not run" };
    }),
    ...versus.map((pair) => {
      const found = apart({ study, line, pair, metric, method, pairSet });
      return found ? Object.values(found).filter(Boolean) : ["–"];
    }),
  ];
  const explained = method ? `, ${method.toUpperCase()}, ${pairSet} pairs` : "";
  return table({
    caption: `${metric.title}${metric.unit ? `, ${metric.unit}` : ""}${explained}. Below each value: the texts that it counts and its 95 % interval.`,
    titles: [...columns.map((each) => each.title), ...strategies.map((each) => each.title), ...versus.map((pair) => minus(study, pair))],
    labels: columns.length,
    rows: lines.map((line) => [...columns.map((each) => [each.of(line)]), ...entries(line)]),
  });
}
