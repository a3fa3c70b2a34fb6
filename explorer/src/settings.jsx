// What differs between two studies besides their numbers.
import { useMemo } from "preact/hooks";
import { Head, Select, Table } from "./parts.jsx";
import { show, view } from "./state.js";
import { counted } from "./text.js";

export function Settings({ study }) {
  const now = view.value;
  const { a, b, differences } = study.comparison;
  const kinds = useMemo(() => [...new Set(differences.map((each) => each.kind))], [differences]);
  const kept = differences.filter((each) => !now.kind || each.kind === now.kind);
  return (
    <>
      <section>
        <h2>What differs besides the numbers</h2>
        {[["A", a], ["B", b]].map(
          ([name, side]) =>
            side.outdated && (
              <p class="warning" key={name}>
                The results of {name} are of another version of its study file, or of an overlay.
              </p>
            ),
        )}
        {kinds.length > 1 && (
          <div class="controls">
            <Select label="Kind" all="all" value={now.kind} onChange={(kind) => show({ kind })} options={kinds.map((each) => [each, each])} />
          </div>
        )}
        <p class="muted">{differences.length ? `${counted(kept.length, "difference")}. A number's difference may come of each of them.` : "Nothing differs: settings, data, attack locks and software are the same."}</p>
        {kept.length > 0 && (
          <Table title="What differs">
            <Head names={["kind", "key", "A", "B"]} />
            <tbody>
              {kept.map((each) => (
                <tr key={`${each.kind} ${each.key}`}>
                  <td data-of="kind">{each.kind}</td>
                  <td data-of="key" class="key">
                    {each.key}
                  </td>
                  <td data-of="A" class="key">
                    {each.a}
                  </td>
                  <td data-of="B" class="key">
                    {each.b}
                  </td>
                </tr>
              ))}
            </tbody>
          </Table>
        )}
      </section>
    </>
  );
}
