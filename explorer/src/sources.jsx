import { Head, Table } from "./parts.jsx";
import { count } from "./text.js";

export function Sources({ study }) {
  const titles = study.title_of;
  return (
    <>
      <section>
        <h2>Data sets</h2>
        <ul class="flags">
          {study.datasets.map((each) => (
            <li key={each.name}>
              <b>{each.title}</b> classes {each.classes.join(", ")}
              {each.stand_in && `; stand-in: ${each.stand_in}`}
            </li>
          ))}
        </ul>
      </section>
      <section>
        <h2>The ledgers behind the pairs</h2>
        <p class="muted">A ledger holds every attacked text of one trained model. The lock says what the attack was, down to the checksums of its resources.</p>
        <Table title="Ledgers">
          <Head names={["data set", "model", "attack", "strategy", "trained on", "seed", "texts", "ledger", "lock"]} />
          <tbody>
            {study.cells.map((cell) => (
              <tr key={cell.ledger}>
                <td data-of="data set">{titles.datasets[cell.dataset]}</td>
                <td data-of="model">{titles.models[cell.model]}</td>
                <td data-of="attack">{titles.attacks[cell.attack]}</td>
                <td data-of="strategy">{titles.strategies[cell.strategy]}</td>
                <td data-of="trained on">{titles.attacks[cell.train_attack] ?? "–"}</td>
                <td data-of="seed">{cell.seed}</td>
                <td data-of="texts">{cell.shown === cell.attacked ? count(cell.attacked) : `${count(cell.shown)} of ${count(cell.attacked)}`}</td>
                <td data-of="ledger" class="path">
                  <code>{cell.ledger}</code>
                </td>
                <td data-of="lock">
                  <code>{cell.lock.slice(0, 12)}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </Table>
        <p class="muted">Versions, machine, resources and checksums: provenance.json beside this page.</p>
      </section>
    </>
  );
}
