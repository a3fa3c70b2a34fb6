import { Intervals } from "./parts.jsx";
import { address } from "./state.js";
import { count, counted, places, signed } from "./text.js";

const side = (row) => (row.low == null || (row.low <= 0 && row.high >= 0) ? "unclear" : row.low > 0 ? "above" : "below");

export function Overview({ study }) {
  return (
    <>
      {study.stand_ins.length > 0 && (
        <aside class="warning">
          <b>Stand-ins.</b> {study.stand_ins.map(([, name, what]) => `${name}: ${what}`).join("; ")}.{study.prints && " Numbers that rest on them are not comparable with printed ones."}
        </aside>
      )}
      <section>
        <h2>What may be concluded</h2>
        <ol class="sentences">
          {study.sentences.map((each) => (
            <li key={each.text} class={each.kind}>
              {each.text}
            </li>
          ))}
        </ol>
        <p class="muted">
          {count(study.cells.length)} attacked models; {count(study.size)} pairs of texts on this page. <a href={address({ page: "pairs" })}>Look at them</a>.
        </p>
      </section>
      <Contrasts study={study} />
      <Claims study={study} />
      <Flags study={study} />
    </>
  );
}

function Contrasts({ study }) {
  const metrics = Object.fromEntries(study.metrics.map((each) => [each.name, each]));
  const groups = new Map();
  for (const each of study.contrasts) {
    const metric = metrics[each.metric];
    const key = `${metric.title}${each.method ? `, ${each.method.toUpperCase()}, ${each.pair_set} texts` : ""}`;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  const strategies = study.title_of.strategies;
  return [...groups].map(([title, contrasts]) => {
    const metric = metrics[contrasts[0].metric];
    const rows = contrasts.flatMap((each) => {
      const name = `${strategies[each.of]} − ${strategies[each.minus]}`;
      const of_cell = (cell) => ({
        key: JSON.stringify([each.of, each.minus, cell.dataset, cell.model, cell.attack]),
        label: name,
        note: `${study.title_of.datasets[cell.dataset]}, ${study.title_of.models[cell.model]}, ${study.title_of.attacks[cell.attack]}; n = ${cell.n}`,
        ...cell,
      });
      const mean = { key: name, label: name, note: `mean of ${each.cells.length} ${each.cells.length === 1 ? "cell" : "cells"}`, ...each, n: 0 };
      return each.cells.length === 1 ? [of_cell(each.cells[0])] : [mean, ...each.cells.map(of_cell)];
    });
    const decimals = places(metric, Math.min(...contrasts.flatMap((each) => each.cells.map((cell) => cell.n))));
    const format = (row) => `${signed(row.value, decimals)}${row.low == null ? "" : ` [${signed(row.low, decimals)}, ${signed(row.high, decimals)}]`}`;
    return (
      <section key={title}>
        <h2>{title}</h2>
        <Intervals caption={`Differences of ${title}`} rows={rows.map((row) => ({ ...row, side: side(row) }))} unit={metric.unit === "percent" ? "points" : "difference"} format={format} />
      </section>
    );
  });
}

function Claims({ study }) {
  const { run, not_run } = study.claims;
  if (!run.length) return not_run ? <p class="muted">The paper's {not_run} claims are about cells that this study does not run.</p> : null;
  const whose = run.every((claim) => claim.claimed_by === "study") ? "This study's own" : "The paper's";
  const units = new Map();
  for (const claim of run) units.set(claim.unit, [...(units.get(claim.unit) ?? []), claim]);
  return (
    <section>
      <h2>{whose} claims</h2>
      {[...units].map(([unit, claims]) => (
        <Intervals
          key={unit}
          caption={`${whose} claims, in ${unit}`}
          title="claim"
          unit={unit}
          rows={claims.map((claim) => ({ ...claim, key: `${claim.statement} ${claim.estimand}`, label: claim.statement, tick: claim.printed, side: side(claim), note: `${claim.where}: ${claim.estimand}` }))}
          format={(row) => (
            <>
              {signed(row.value, 2)}
              {row.low != null && ` [${signed(row.low, 2)}, ${signed(row.high, 2)}]`}
              <span class="behind">{row.tick == null ? "" : `printed ${signed(row.tick, 2)}; `}{row.verdict}</span>
              {row.elsewhere.map(([sets, verdict]) => <span class="behind" key={verdict}>on {sets.join(", ")}: {verdict}</span>)}
            </>
          )}
        />
      ))}
      {run.some((claim) => claim.printed != null) && <p class="muted">The red line is the paper's printed value.</p>}
      {not_run > 0 && <p class="muted">{counted(not_run, "further claim")} {not_run === 1 ? "is" : "are"} about cells that this study does not run.</p>}
    </section>
  );
}

function Flags({ study }) {
  return (
    <section>
      <h2>Flags</h2>
      {study.flags.length === 0 ? (
        <p class="muted">No number of this study is flagged as doubtful.</p>
      ) : (
        <ul class="flags">
          {study.flags.map((flag) => (
            <li key={JSON.stringify(flag)}>
              <b>{flag.flag.replaceAll("_", " ")}</b> {flag.dataset}, {flag.model}, {flag.strategy}
              {flag.attack && `, ${flag.attack}`}, seed {flag.seed}: {flag.detail}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
