import "./BackLink.css";
import { goBack, pathOf, type Route } from "../state/route";
import { Icon } from "./Icon";

interface BackLinkProps {
  to?: Route;
  label?: string;
}

/** Back to what a phone has no room for beside this: elsewhere it stands there already. */
export function BackLink({ to = { view: "list" }, label = "Back to the conversations" }: BackLinkProps) {
  return (
    <a
      class="back-link icon-button"
      href={pathOf(to)}
      aria-label={label}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        goBack(to);
      }}
    >
      <Icon name="back" />
    </a>
  );
}
