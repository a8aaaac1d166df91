import "./Table.css";
import type { ComponentChildren } from "preact";

export interface Sorting {
  /** The columns that can be sorted by, by their place, and what each is called. */
  by: ReadonlyMap<number, string>;
  current: string;
  sort(by: string): void;
}

interface TableProps {
  title: string;
  note?: string;
  columns: readonly string[];
  rows: readonly { key: string; cells: readonly ComponentChildren[] }[];
  /** What stands between the title and the rows. */
  tools?: ComponentChildren;
  /** What is said where there are no rows. */
  empty?: string;
  sorting?: Sorting;
}

/** Rows under a heading. On a phone each row is a block of its own, in which every value has its name beside it. */
export function Table({ title, note, columns, rows, tools, empty = "None.", sorting }: TableProps) {
  return (
    <section class="figures-table" aria-label={title}>
      <h2>{title}</h2>
      {note && <p class="hint">{note}</p>}
      {tools}
      {rows.length === 0 ? (
        <p class="quiet">{empty}</p>
      ) : (
        // The roles say again what the tags do: laid out as blocks, a browser would forget it.
        <table role="table">
          <thead role="rowgroup">
            <tr role="row">
              {columns.map((column, place) => (
                <Heading key={column} column={column} by={sorting?.by.get(place)} sorting={sorting} />
              ))}
            </tr>
          </thead>
          <tbody role="rowgroup">
            {rows.map(({ key, cells }) => (
              <tr key={key} role="row">
                {cells.map((cell, place) => (
                  <td key={place} role="cell" data-column={columns[place]}>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Heading({ column, by, sorting }: { column: string; by: string | undefined; sorting: Sorting | undefined }) {
  const sorted = by !== undefined && sorting?.current === by;
  return (
    <th scope="col" role="columnheader" aria-sort={sorted ? "descending" : undefined}>
      {by === undefined ? (
        column || <span class="visually-hidden">Actions</span>
      ) : (
        <button class="sort-button" onClick={() => sorting?.sort(by)}>
          {column}
          <span aria-hidden="true">{sorted ? " ↓" : ""}</span>
        </button>
      )}
    </th>
  );
}
