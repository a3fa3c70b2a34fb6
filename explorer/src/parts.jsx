import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { copy } from "./text.js";

export function Select({ label, value, options, all, onChange }) {
  return (
    <label class="control">
      <span>{label}</span>
      <select value={value ?? ""} onChange={(event) => onChange(event.currentTarget.value)}>
        {all && <option value="">{all}</option>}
        {options.map(([name, title]) => (
          <option value={name} key={name}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Copy({ title, make }) {
  const [said, say] = useState("");
  const act = async () => {
    say((await copy(make())) ? "copied" : "the browser did not let this page copy");
    setTimeout(() => say(""), 2500);
  };
  return (
    <span class="copy">
      <button type="button" onClick={act}>
        {title}
      </button>
      <span role="status">{said}</span>
    </span>
  );
}

// A table that turns each of its rows into a card where its columns do not fit, so that nothing scrolls sideways
export function Table({ title, children }) {
  const table = useRef(null);
  const fit = () => {
    table.current.classList.remove("cards");
    table.current.classList.toggle("cards", table.current.scrollWidth > table.current.parentElement.clientWidth);
  };
  useLayoutEffect(fit);
  useLayoutEffect(() => {
    addEventListener("resize", fit);
    return () => removeEventListener("resize", fit);
  }, []);
  return (
    <div class="fitted">
      <table class="results" ref={table}>
        <caption class="unseen">{title}</caption>
        {children}
      </table>
    </div>
  );
}

export function Outcome({ status }) {
  return <span class={`outcome ${status}`}>{status}</span>;
}

// Columns by name
export const Head = ({ names }) => (
  <thead>
    <tr>
      {names.map((name) => (
        <th scope="col" key={name}>
          {name}
        </th>
      ))}
    </tr>
  </thead>
);

// Dots with intervals on one scale, a line each: {label, note, value, low, high, tick, colour}
export function Intervals({ rows, unit, format, caption, title = "difference" }) {
  const ends = rows.flatMap((row) => [row.value, row.low, row.high, row.tick]).filter((value) => value != null);
  const reach = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const [least, most] = reach[0] === reach[1] ? [-1, 1] : reach; // no difference at all stands in the middle
  const span = most - least;
  const x = (value) => `${(4 + (92 * (value - least)) / span).toFixed(2)}%`;
  return (
    <table class="intervals">
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{title}</th>
          <th scope="col">{unit}</th>
          <th scope="col" class="scale">
            <span class="zero">95 % interval; the line is no difference</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.key}>
            <th scope="row">
              {row.label} <span class="muted">{row.note}</span>
            </th>
            <td class="figure">{format(row)}</td>
            <td class="scale">
              <svg width="100%" height="22" role="img" aria-label={`interval of ${row.label}`}>
                <line x1={x(0)} x2={x(0)} y1="0" y2="22" class="nothing" />
                {row.low != null && <line x1={x(row.low)} x2={x(row.high)} y1="11" y2="11" class="whisker" />}
                {row.tick != null && <line x1={x(row.tick)} x2={x(row.tick)} y1="4" y2="18" class="tick" />}
                {row.value != null && <circle cx={x(row.value)} cy="11" r="4.5" class={row.side} />}
              </svg>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
