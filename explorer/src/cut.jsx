// "300 of 5,000": where the page holds a draw of each cell, and the rest if the files beside the page are there.
import { useEffect, useState } from "preact/hooks";
import { ABSENT, FOLDER, load } from "./chunks.js";
import { FACETS } from "./select.js";
import { show } from "./state.js";
import { count } from "./text.js";

const MOST = 200_000; // pairs that are loaded at once
const group = (cell) => JSON.stringify([cell.dataset, cell.model, cell.attack, cell.seed]);
const sum = (cells, name) => cells.reduce((all, cell) => all + cell[name], 0);

// The cells of a view that the page holds a draw of, and those of the same texts under other strategies
function lacking(study, cells) {
  const groups = new Set(cells.map(group));
  return study.cells.map((cell, at) => at).filter((at) => groups.has(group(study.cells[at])) && study.cells[at].shown < study.cells[at].attacked);
}

export function Cut({ study, now }) {
  const cells = study.cells.filter((cell) => FACETS.every((name) => !now[name] || String(cell[name]) === now[name]));
  const [shown, attacked] = [sum(cells, "shown"), sum(cells, "attacked")];
  const lacks = shown === attacked ? [] : lacking(study, cells);
  const [{ busy, problems, of }, say] = useState({ busy: null, problems: [], of: "" });
  const chunked = lacks.length > 0 && study.chunks.length > 0;
  const much = chunked && sum(lacks.map((at) => study.cells[at]), "attacked") > MOST;
  const asked = chunked && !much && now.whole === "1";
  const key = lacks.join();
  const tried = problems.length > 0 && of === key;

  useEffect(() => {
    if (!asked || busy !== null || tried) return;
    load(lacks, (done) => say({ busy: done, problems: [], of: "" })).then((missing) => {
      const nothing = missing[0]?.why === ABSENT && missing[0].number === lacks[0];
      say({ busy: null, problems: missing, of: nothing ? key : missing.map((each) => each.number).join() });
    });
  }, [asked, key, tried, busy]);

  const lost = now.pair && study.named(now.pair) < 0 && busy === null;
  if (shown === attacked && !lost) return null;
  const again = () => {
    say({ busy: null, problems: [], of: "" });
    show({ whole: "1" });
  };
  const bytes = chunked ? lacks.reduce((all, at) => all + study.chunks[at].bytes, 0) : 0;
  return (
    <span class="cut" role="status">
      <span>
        {shown < attacked && `a fixed draw: this page holds ${count(shown)} of ${count(attacked)}`}
        {shown < attacked && !chunked && "; the ledgers hold all"}
        {chunked && busy !== null && `; loading file ${busy + 1} of ${lacks.length} …`}
        {chunked && busy === null && much && "; take a data set, a model or an attack to load all"}
        {tried && <Problems found={problems} />}
        {lost && " The address names a pair that this page does not hold."}
      </span>
      {chunked && busy === null && !much && (
        <button type="button" onClick={again} title="with what the other strategies made of the same texts">
          {tried ? "try again" : `load all ${count(attacked)} (${megabytes(bytes)})`}
        </button>
      )}
    </span>
  );
}

const megabytes = (bytes) => `${(bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 2 : 1)} MB`;

function Problems({ found }) {
  const { file, why } = found[0];
  const more = found.length > 1 ? ` and ${count(found.length - 1)} more` : "";
  if (why === ABSENT) return `; ${file}${more} is not beside this page. Put the folder “${FOLDER}” of the study's results there. `;
  return `; ${file}${more} is ${why}. Make page and files anew: snakemake explorer. `;
}
