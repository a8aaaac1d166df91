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
  /** Columns of numbers, by their place: they end below each other. */
  numbers?: readonly number[];
  rows: readonly { key: string; cells: readonly ComponentChildren[] }[];
  /** What stands between the title and the rows. */
  tools?: ComponentChildren;
  /** Whether it keeps to a part of the window, and its rows move in it. */
  scrolls?: boolean;
  /** What is said where there are no rows. */
  empty?: string;
  sorting?: Sorting;
}

/** Rows under a heading. On a phone each row is a block of its own, in which every value has its name beside it. */
export function Table({ title, note, columns, numbers = [], rows, tools, scrolls = false, empty = "None.", sorting }: TableProps) {
  return (
    <section class="figures-table" aria-label={title}>
      <h2>{title}</h2>
      {note && <p class="hint">{note}</p>}
      {tools}
      {rows.length === 0 ? (
        <p class="quiet">{empty}</p>
      ) : (
        // The roles say again what the tags do: laid out as blocks, a browser would forget it.
        <div
          class={scrolls ? "table-frame is-scrolling" : "table-frame"}
          {...(scrolls && { tabIndex: 0, role: "group", "aria-label": `${title}, rows` })}
        >
          <table role="table">
            <thead role="rowgroup">
              <tr role="row">
                {columns.map((column, place) => (
                  <Heading key={column} column={column} number={numbers.includes(place)} by={sorting?.by.get(place)} sorting={sorting} />
                ))}
              </tr>
            </thead>
            <tbody role="rowgroup">
              {rows.map(({ key, cells }) => (
                <tr key={key} role="row">
                  {cells.map((cell, place) => (
                    <td key={place} role="cell" class={numbers.includes(place) ? "is-number" : undefined} data-column={columns[place]}>
                      {cell}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

interface HeadingProps {
  column: string;
  number: boolean;
  by: string | undefined;
  sorting: Sorting | undefined;
}

function Heading({ column, number, by, sorting }: HeadingProps) {
  const sorted = by !== undefined && sorting?.current === by;
  return (
    <th scope="col" role="columnheader" class={number ? "is-number" : undefined} aria-sort={sorted ? "descending" : undefined}>
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
