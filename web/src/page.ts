/** What the server has put into the page: absolute paths that end in a slash. */
export interface Page {
  /** Where the UI lives. */
  root: string;
  /** Where the REST API lives. */
  api: string;
  /** Where the sockets live. */
  socket: string;
}

/** Where things are. Outside a page of the server, in a unit test for example, at the root. */
export const page: Page = read();

function read(): Page {
  const element = typeof document === "undefined" ? null : document.getElementById("hubbub-page");
  return element?.textContent ? (JSON.parse(element.textContent) as Page) : { root: "/", api: "/api/", socket: "/ws/" };
}
