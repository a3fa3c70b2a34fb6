import { render } from "preact";
import { held } from "./chunks.js";
import { read } from "./data.js";
import { Overview } from "./overview.jsx";
import { Pairs } from "./pairs.jsx";
import { Results } from "./results.jsx";
import { Sources } from "./sources.jsx";
import { PAGES, address, view } from "./state.js";
import { Words } from "./words.jsx";

const VIEWS = { overview: Overview, results: Results, pairs: Pairs, words: Words, sources: Sources };

function App() {
  const study = held.value;
  const { page } = view.value;
  const View = VIEWS[page];
  return (
    <>
      <header class="top">
        <h1>{study.title}</h1>
        <nav aria-label="Pages">
          {Object.entries(PAGES).map(([name, title]) => (
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
