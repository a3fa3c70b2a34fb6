// One text as every strategy answered it: original and adversarial words, coloured by what explanations say.
import { useMemo, useRef } from "preact/hooks";
import { Outcome, Select } from "./parts.jsx";
import { show } from "./state.js";
import { counted, number } from "./text.js";

const TOP = 5;

export function Reader({ study, pair, now }) {
  const box = useRef(null);
  const group = useMemo(() => together(study, pair), [study, pair]);
  const method = now.method === "none" ? "" : study.methods.includes(now.method) ? now.method : (study.methods[0] ?? "");
  const shared = now.side === "shared" && method !== "" && !study.comparison;
  const common = now.scale === "common" ? Math.max(...group.flatMap((each) => study.sides.map((side) => study.scores(each, method, side)?.scale ?? 0))) : 0;
  const base = group.find((each) => study.cell(each).strategy === "base");
  // words that stand for one another light up together, in the texts of all strategies
  const link = (event) => {
    const at = event.target.dataset?.at;
    for (const each of box.current.querySelectorAll(".linked")) each.classList.remove("linked");
    if (at !== undefined) for (const each of box.current.querySelectorAll(`[data-at="${at}"]`)) each.classList.add("linked");
  };
  const explained = group.some((each) => study.scores(each, method, "original"));
  return (
    <div class="reader" ref={box} onPointerOver={link} onPointerLeave={() => link({ target: {} })}>
      {study.methods.length > 0 && (
        <div class="controls inner">
          <Select label="Explanation" value={method || "none"} onChange={(value) => show({ method: value })} options={[...study.methods.map((name) => [name, name.toUpperCase()]), ["none", "none"]]} />
          {method && !study.comparison && <Select label="Adversarial text" value={now.side ?? ""} onChange={(value) => show({ side: value })} options={[["", "each strategy's own"], ["shared", "the base model's, shared"]]} />}
          {method && <Select label="Scale" value={now.scale ?? ""} onChange={(value) => show({ scale: value })} options={[["", "each text's own"], ["common", "one for all"]]} />}
          {method && explained && (
            <p class="legend">
              <span class="word for">speaks for</span> <span class="word against">speaks against</span> the label; <span class="word first">outlined</span>: the {TOP} first
            </p>
          )}
        </div>
      )}
      {group.map((each) => (
        <Card key={each} study={study} pair={each} text={shared && base !== undefined ? base : each} side={shared ? "shared" : "adversarial"} method={method} common={common} now={each === pair && !study.comparison} />
      ))}
    </div>
  );
}

// Pairs of the same text, model, attack and seed: main strategies first
function together(study, pair) {
  const found = [];
  for (let each = 0; each < study.size; each++) if (study.group[each] === study.group[pair]) found.push(each);
  const rank = (each) => study.rank[study.cell(each).strategy];
  return found.sort((a, b) => rank(a) - rank(b) || a - b);
}

function Card({ study, pair, text, side, method, common, now }) {
  const cell = study.cell(pair);
  const strategy = study.strategies.find((each) => each.name === cell.strategy);
  const { words, aligned } = study.adversarial(text);
  const original = study.original(pair);
  const back = new Map(aligned.map((place, at) => [place, at]));
  const changed = (at) => aligned[at] < 0 || words[aligned[at]] !== original[at];
  const before = study.scores(pair, method, "original");
  const after = study.scores(pair, method, side) ?? (side === "shared" && cell.strategy === "base" ? study.scores(pair, method, "adversarial") : null);
  const said = [study.columns.predicted[pair], study.columns.answer[pair]].map((which) => study.className(pair, which));
  const source = side === "shared" ? "shared" : "own";
  const likeness = method ? [["KT", "kt"], ["TI@5", "ti"]].map(([title, measure]) => [title, study.likeness(pair, method, measure, source)]).filter(([, value]) => value !== null) : [];
  return (
    <article class={now ? "card now" : "card"}>
      <header>
        <h2>
          {cell.side && <b class="side-mark">{cell.side.toUpperCase()}</b>}
          <span class="dot" style={{ background: strategy.colour }} />
          {strategy.title}
          {cell.train_attack !== "none" && cell.train_attack !== cell.attack && <span class="muted"> trained on {study.title_of.attacks[cell.train_attack]}</span>}
        </h2>
        <Outcome status={study.status(pair)} />
        <p>
          label {study.className(pair, study.label(pair))}, P {number(study.probability(pair, "before"), 2)} → {number(study.probability(pair, "after"), 2)}; says {said[0]}
          {said[1] !== said[0] && ` → ${said[1]}`}; {counted(study.columns.queries[pair], "query")}
          {likeness.map(([title, value]) => `; ${title} ${number(value, 2)}`)}
          {method && !before && "; not explained in this study"}
        </p>
      </header>
      <Words title="original" study={study} words={original} at={(place) => place} changed={changed} scores={before} common={common} />
      <Words
        title={side === "shared" ? "shared" : "adversarial"}
        study={study}
        words={words}
        at={(place) => back.get(place)}
        changed={(place) => !back.has(place) || changed(back.get(place))}
        scores={after}
        common={common}
      />
    </article>
  );
}

function Words({ title, study, words, at, changed, scores, common }) {
  const fits = scores && scores.scores.length === words.length ? scores : null;
  const stretch = fits && common ? fits.scale / common : 1;
  const top = useMemo(() => new Set(fits ? [...fits.scores.keys()].sort((a, b) => fits.scores[b] - fits.scores[a] || a - b).slice(0, TOP) : []), [fits]);
  return (
    <div class="text">
      <span class="side">{title}</span>
      <p>
        {Array.from(words, (word, place) => {
          const score = fits ? (fits.scores[place] * stretch) / 127 : 0;
          const kinds = ["word", score > 0 ? "for" : score < 0 ? "against" : "", changed(place) ? "swapped" : "", top.has(place) ? "first" : ""];
          return [
            <span key={place} class={kinds.filter(Boolean).join(" ")} data-at={at(place)} style={{ "--much": `${Math.round(Math.abs(score) * 70)}%` }} title={fits ? number((fits.scores[place] * fits.scale) / 127, 3) : undefined}>
              {study.word(word)}
            </span>,
            " ",
          ];
        })}
      </p>
    </div>
  );
}
