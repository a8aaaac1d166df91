import "./BackLink.css";

/** Back to the list, on a phone: elsewhere the list is beside it. */
export function BackLink() {
  return (
    <a class="back-link" href="/">
      <span aria-hidden="true">‹</span>
      <span class="visually-hidden">Back to the conversations</span>
    </a>
  );
}
