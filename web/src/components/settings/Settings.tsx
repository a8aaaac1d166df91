import "./Settings.css";
import { useSignal } from "@preact/signals";
import { account, signOut } from "../../state/account";
import { messageOf } from "../../state/current";
import { nameOf } from "../../state/people";
import { pathOf, route } from "../../state/route";
import { Avatar } from "../Avatar";
import { BackLink } from "../BackLink";
import { SECTIONS } from "./sections";

/** One's own settings: the sections, and the one of the address. */
export function Settings() {
  const current = route.value;
  const id = current.view === "settings" ? current.section : null;
  const section = SECTIONS.find((each) => each.id === id) ?? (id === null ? SECTIONS[0] : undefined);
  return (
    <div class={`settings ${id === null ? "shows-sections" : "shows-section"}`}>
      <header class="pane-header">
        {id !== null && <BackLink to={{ view: "settings", section: null }} label="Back to the settings" />}
        <h1>{id !== null && section ? <span class="settings-title">{section.title}</span> : null} <span>Settings</span></h1>
      </header>
      <div class="settings-body">
        <Sections current={section?.id} />
        <div class="settings-section">
          {section ? (
            <>
              <h2>{section.title}</h2>
              <section.View />
            </>
          ) : (
            <p class="quiet">There is nothing here. Choose one of the sections.</p>
          )}
        </div>
      </div>
    </div>
  );
}

function Sections({ current }: { current: string | undefined }) {
  const user = account.value;
  const problem = useSignal<string | null>(null);
  const leave = () => signOut().catch((error: unknown) => (problem.value = `Couldn't sign out. ${messageOf(error)}`));
  return (
    <nav class="settings-list" aria-label="Settings">
      {user && (
        <p class="settings-who">
          <Avatar person={user} letter={Array.from(nameOf(user))[0] ?? "?"} />
          <span>
            {nameOf(user)} <span class="quiet">@{user.username}</span>
          </span>
        </p>
      )}
      <ul>
        {SECTIONS.map(({ id, title }) => (
          <li key={id}>
            <a
              class="settings-link"
              href={pathOf({ view: "settings", section: id })}
              aria-current={id === current ? "page" : undefined}
            >
              {title}
            </a>
          </li>
        ))}
      </ul>
      <button class="button" onClick={() => void leave()}>
        Sign out
      </button>
      {problem.value && (
        <p class="problem" role="alert">
          {problem.value}
        </p>
      )}
    </nav>
  );
}
