// After-attack accuracy against the budget of queries: a panel a data set, model and attack, a line a strategy.
import { useRef, useState } from "preact/hooks";
import { Select } from "./parts.jsx";
import { budget } from "./select.js";
import { address, show, view, visit } from "./state.js";
import { count, number, places } from "./text.js";

const LEAST = 3; // of the axis, in percent, below 0 and above 100
const WIDTH = 2; // pixels of a line; dashes are in its widths
const AA = "after_attack_accuracy_percent";

export function Curves({ study }) {
  const now = view.value;
  const { panels, without } = study.curves;
  const titles = study.title_of;
  const named = (name) => [...new Set(panels.map((each) => each[name]))];
  const facet = (name, label) => (named(name).length > 1 || now[name]) && (
    <Select label={label} all="all" value={now[name]} onChange={(value) => show({ [name]: value })} options={named(name).map((each) => [each, titles[`${name}s`][each]])} />
  );
  const chosen = panels.filter((panel) => ["dataset", "model", "attack"].every((name) => !now[name] || panel[name] === now[name]));
  const several = chosen.some((panel) => panel.lines.some((line) => line.band === "seeds"));
  const one = chosen.some((panel) => panel.lines.some((line) => line.band === "texts"));
  return (
    <>
      <section>
        <div class="controls">
          {facet("dataset", "Data set")}
          {facet("model", "Model")}
          {facet("attack", "Attack")}
        </div>
        <p class="muted prose">
          After-attack accuracy (up, percent) if an attack may ask a model at most so many queries a text (across). Each model faces the attack that it was
          trained on. {several && "Lines are means over seeds, bands run from the lowest to the highest seed. "}
          {one && `Bands ${several ? "of one seed " : ""}are the 95 % interval over texts. `}<span class="howto">A click on a budget opens the texts that fell within it; left
          and right move it, up and down choose the strategy, Enter opens its texts.</span>
        </p>
        {without.length > 0 && <p class="muted">Without exact counts of queries, hence not drawn: {without.map((name) => titles.attacks[name] ?? name).join(", ")}.</p>}
        {chosen.length === 0 && <p class="muted">{panels.length ? "No curve fits. Take a facet back." : "No attack of this study has exact counts of queries, hence it has no curves."}</p>}
      </section>
      {named("attack")
        .map((attack) => [attack, chosen.filter((panel) => panel.attack === attack)])
        .filter(([, shown]) => shown.length)
        .map(([attack, shown]) => (
          <section key={attack}>
            <h2>{titles.attacks[attack]}</h2>
            <div class="panels">
              {shown.map((panel) => (
                <Panel key={`${panel.dataset} ${panel.model}`} study={study} panel={panel} reach={reach(panels.filter((each) => each.attack === attack && each.dataset === panel.dataset))} now={now} />
              ))}
            </div>
          </section>
        ))}
    </>
  );
}

// The budgets that the panels of a data set and attack show: from well before the first fall to the largest count
function reach(panels) {
  const falls = panels.flatMap(({ budgets, lines }) => lines.map((line) => budgets[line.fell.findIndex((fell) => fell > 0)] ?? Infinity));
  const largest = Math.max(10, ...panels.flatMap((each) => each.budgets));
  return [Math.max(1, Math.min(largest, ...falls) / 3), largest * 1.12];
}

// Where a budget lies across and an accuracy down, in percent of the chart
const across = ([least, most]) => (asked) => (100 * Math.log(Math.max(asked, least) / least)) / Math.log(most / least);
const down = (value) => (100 * (100 + LEAST - value)) / (100 + 2 * LEAST);

function ticks([least, most]) {
  const steps = most / least < 20 ? [1, 2, 5] : most / least < 200 ? [1, 3] : [1];
  const found = [];
  for (let power = Math.floor(Math.log10(least)); 10 ** power <= most; power++) for (const step of steps) found.push(step * 10 ** power);
  return found.filter((tick) => tick >= least && tick <= most);
}

function Panel({ study, panel, reach, now }) {
  const { budgets, lines } = panel;
  const [over, put] = useState(null); // where the pointer or a key is, until the address says it
  const touched = useRef(false);
  const titles = study.title_of;
  const strategies = Object.fromEntries(study.strategies.map((each) => [each.name, each]));
  const x = across(reach);
  // those that lie left of the axis are one: before any query
  const shown = budgets.map((_, at) => at).filter((at) => at === 0 || budgets[at] >= reach[0]);
  const named = `${panel.dataset} ${panel.model} ${panel.attack}`;
  const asked = now.panel === named && budget(now.budget) !== null ? { at: shown.findLast((at) => budgets[at] <= Number(now.budget)), line: now.line } : null;
  const { at, line: name } = over ?? asked ?? { at: shown.at(-1), line: "" };
  const line = lines.find((each) => each.strategy === name) ?? lines[0];
  const keep = (of) => show({ panel: named, budget: String(budgets[of.at]), line: of.line });
  const pairs = (each, where) =>
    address({ page: "pairs", dataset: panel.dataset, model: panel.model, attack: panel.attack, strategy: each.strategy, train_attack: each.train_attack, within: String(budgets[where]) });
  const open = (of) => {
    keep(of); // so that "back" comes back to it
    visit(pairs(lines.find((each) => each.strategy === of.line), of.at));
  };
  const under = (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const [right, below] = [(100 * (event.clientX - box.left)) / box.width, (100 * (event.clientY - box.top)) / box.height];
    const near = shown.reduce((best, each) => (Math.abs(x(budgets[each]) - right) < Math.abs(x(budgets[best]) - right) ? each : best));
    const apart = (each) => Math.abs(down(each.value[near]) - below);
    return { at: near, line: lines.reduce((best, each) => (apart(each) < apart(best) ? each : best), line).strategy };
  };
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const place = shown.indexOf(at);
    const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: -8, PageUp: 8, Home: -shown.length, End: shown.length }[event.key];
    const turn = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.key === "Enter") open({ at, line: line.strategy });
    else if (step) put({ at: shown[Math.max(0, Math.min(shown.length - 1, place + step))], line: line.strategy });
    else if (turn) put({ at, line: lines[(lines.indexOf(line) + turn + lines.length) % lines.length].strategy });
    else return;
    event.preventDefault();
  };
  // a key that is held down would write the address too often
  const release = () => {
    if (!over) return;
    keep(over);
    put(null);
  };
  const metric = { unit: "percent" };
  const said = (each) => `${number(each.value[at], places(metric, each.n))} %`;
  return (
    <article class="panel" data-panel={named}>
      <h3>
        {titles.datasets[panel.dataset]}, {titles.models[panel.model]}
      </h3>
      <div
        class="chart"
        role="slider"
        tabIndex={0}
        aria-label={`Budget of ${titles.attacks[panel.attack]} on ${titles.models[panel.model]}, ${titles.datasets[panel.dataset]}`}
        aria-valuemin={0}
        aria-valuemax={budgets.at(-1)}
        aria-valuenow={budgets[at]}
        aria-valuetext={`${count(budgets[at])} queries: ${lines.map((each) => `${strategies[each.strategy].title} ${said(each)}`).join(", ")}. Enter opens the texts of ${strategies[line.strategy].title} that fell.`}
        onPointerDown={(event) => (touched.current = event.pointerType === "touch")}
        onPointerMove={(event) => put(under(event))}
        onPointerLeave={() => put(null)}
        onClick={(event) => (touched.current ? keep(under(event)) : open(under(event)))}
        onKeyDown={press}
        onKeyUp={release}
        onBlur={() => put(null)}
      >
        <Drawn lines={lines} budgets={budgets} strategies={strategies} x={x} reach={reach} at={at} chosen={over || asked ? line : null} />
      </div>
      <table class="readout">
        <caption>
          {budgets[at] ? `at most ${count(budgets[at])} ${budgets[at] === 1 ? "query" : "queries"}` : "before any query"}
        </caption>
        <tbody>
          {lines.map((each) => (
            <tr key={each.strategy} class={each === line && (over || asked) ? "now" : ""}>
              <th scope="row">
                <svg class="sample" width="26" height="8" aria-hidden="true">
                  <line x1="0" x2="26" y1="4" y2="4" style={stroke(strategies[each.strategy])} />
                </svg>
                {strategies[each.strategy].title}
              </th>
              <td class="figure" data-of="AA">
                <b>{said(each)}</b>{" "}
                <span class="behind">
                  [{number(each.low[at], places(metric, each.n))}, {number(each.high[at], places(metric, each.n))}]
                </span>
              </td>
              <td class="figure">
                {each.fell[at] ? <a href={pairs(each, at)}>{count(each.fell[at])} fell</a> : "0 fell"}{" "}
                <span class="behind">
                  n = {count(each.n)}
                  {each.seeds > 1 && `, ${each.seeds} seeds`}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </article>
  );
}

const stroke = (strategy) => ({ stroke: strategy.colour, strokeWidth: WIDTH, strokeDasharray: strategy.dash.map((part) => part * WIDTH).join(" ") || "none" });

// Steps: an accuracy holds from its budget to the next
function steps(budgets, values, x) {
  return values.map((value, at) => `${at ? `H${(10 * x(budgets[at])).toFixed(1)}V` : `M0 `}${(10 * down(value)).toFixed(1)}`).join("");
}

function band(budgets, line, x) {
  const back = line.low.map((low, at) => {
    const to = at + 1 < budgets.length ? budgets[at + 1] : budgets.at(-1);
    return `L${(10 * x(to)).toFixed(1)} ${(10 * down(low)).toFixed(1)}H${(10 * x(budgets[at])).toFixed(1)}`;
  });
  return `${steps(budgets, line.high, x)}${back.reverse().join("")}Z`;
}

function Drawn({ lines, budgets, strategies, x, reach, at, chosen }) {
  const percent = (value) => `${value.toFixed(2)}%`;
  // dashes lie over the solid line, so that neither hides the other
  const drawn = [...lines].sort((a, b) => Math.sign(strategies[a.strategy].dash.length) - Math.sign(strategies[b.strategy].dash.length));
  return (
    <>
      {[0, 50, 100].map((value) => (
        <span key={value} class="up" style={{ top: percent(down(value)) }}>
          {value}
        </span>
      ))}
      {ticks(reach).map((tick) => (
        <span key={tick} class="along" style={{ left: percent(x(tick)) }}>
          {count(tick)}
        </span>
      ))}
      <svg width="100%" height="100%" aria-hidden="true">
        {[0, 25, 50, 75, 100].map((value) => (
          <line key={value} class="grid" x1="0" x2="100%" y1={percent(down(value))} y2={percent(down(value))} />
        ))}
        {ticks(reach).map((tick) => (
          <line key={tick} class="grid" x1={percent(x(tick))} x2={percent(x(tick))} y1="0" y2="100%" />
        ))}
        <svg viewBox="0 0 1000 1000" preserveAspectRatio="none" width="100%" height="100%" class={chosen ? "lit chosen" : "lit"}>
          {drawn.map((line) => (
            <path key={`band ${line.strategy}`} class={line === chosen ? "band now" : "band"} d={band(budgets, line, x)} style={{ fill: strategies[line.strategy].colour }} />
          ))}
          {drawn.map((line) => (
            <path key={line.strategy} class="curve" d={steps(budgets, line.value, x)} style={stroke(strategies[line.strategy])} />
          ))}
        </svg>
        <line class="budget" x1={percent(x(budgets[at]))} x2={percent(x(budgets[at]))} y1="0" y2="100%" />
        <g class="lit">
          {[...lines].sort((a, b) => (a === chosen) - (b === chosen)).map((line) => (
            <circle key={line.strategy} cx={percent(x(budgets[at]))} cy={percent(down(line.value[at]))} r={line === chosen ? 5.5 : 4} style={{ fill: strategies[line.strategy].colour }} />
          ))}
        </g>
      </svg>
    </>
  );
}
