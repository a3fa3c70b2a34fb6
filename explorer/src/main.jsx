import { render } from "preact";
import { held } from "./chunks.js";
import { Curves } from "./curves.jsx";
import { Differences } from "./differences.jsx";
import { read } from "./data.js";
import { Overview } from "./overview.jsx";
import { Pairs } from "./pairs.jsx";
import { Results } from "./results.jsx";
import { Settings } from "./settings.jsx";
import { Sources } from "./sources.jsx";
import { COMPARED, PAGES, address, view } from "./state.js";
import { Twins } from "./twins.jsx";
import { Words } from "./words.jsx";

const VIEWS = { overview: Overview, results: Results, pairs: Pairs, curves: Curves, words: Words, sources: Sources };
const OF_TWO = { overview: Differences, texts: Twins, settings: Settings };

function App() {
  const study = held.value;
  const [pages, views] = study.comparison ? [COMPARED, OF_TWO] : [PAGES, VIEWS];
  const page = Object.hasOwn(views, view.value.page) ? view.value.page : "overview";
  const View = views[page];
  return (
    <>
      <header class="top">
        <h1>{study.title}</h1>
        <nav aria-label="Pages">
          {Object.entries(pages).map(([name, title]) => (
            <a key={name} href={address({ page: name })} aria-current={name === page ? "page" : undefined}>
              {title}
            </a>
          ))}
        </nav>
      </header>
      <main class={page}>
        <View study={study} />
      </main>
    </>
  );
}

const root = document.getElementById("app");
read()
  .then((study) => {
    root.textContent = "";
    held.value = study;
    render(<App />, root);
    root.dataset.ready = String(Math.round(performance.now())); // ms since the page was asked for
  })
  .catch((error) => {
    root.textContent = `This page cannot be shown (${error.message}). Take a current browser, or make the page again: snakemake explorer.`;
    throw error;
  });
