import "./Notifications.css";
import { useEffect } from "preact/hooks";
import type { Preferences, QuietHours } from "hubbub";
import { permission, showsAlerts, stopAlerts } from "../../state/alerts";
import { status } from "../../state/connection";
import { pathOf } from "../../state/route";
import {
  columns,
  digest,
  EVERY,
  loadPreferences,
  preferences,
  preferencesProblem,
  pushState,
  setDigest,
  setPreference,
  setPush,
  setQuietHours,
  turnAlertsOn,
} from "../../state/notificationSettings";
import { Skeleton } from "../Skeleton";

/** What one wants to be told of, by which channels, and when not. */
export function Notifications() {
  const online = status.value === "online";
  useEffect(() => {
    if (online) loadPreferences();
  }, [online]);
  const known = preferences.value;
  return (
    <>
      {preferencesProblem.value && (
        <p class="problem" role="alert">
          {preferencesProblem.value}
        </p>
      )}
      {known ? (
        <>
          <Kinds known={known} />
          <Mails />
          <Quiet hours={known.quiet_hours} />
        </>
      ) : (
        !preferencesProblem.value && <Skeleton label="Loading the settings" />
      )}
      <ThisBrowser />
    </>
  );
}

function Kinds({ known }: { known: Preferences }) {
  const channels = columns.value;
  return (
    <div class="kinds-place">
      <table class="kinds">
        <caption class="visually-hidden">What you are told of, and how</caption>
        <thead>
          <tr>
            <td />
            {channels.map(({ name, label }) => (
              <th key={name} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {known.kinds.map(({ kind, label, channels: on }) => (
            <tr key={kind}>
              <th scope="row">{label}</th>
              {channels.map((channel) => (
                <td key={channel.name}>
                  {channel.name in on && (
                    <label class="kinds-choice">
                      <span class="visually-hidden">
                        {label}: {channel.label}
                      </span>
                      <input
                        type="checkbox"
                        checked={on[channel.name]}
                        // Without the list there is nothing to be told of by other means.
                        disabled={channel.name !== "site" && on["site"] === false}
                        onChange={({ currentTarget: box }) => setPreference(kind, channel.name, box.checked)}
                      />
                    </label>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="hint">
        {channels
          .filter(({ means }) => means)
          .map(({ label, means }) => `${label}: ${means}.`)
          .join(" ")}
      </p>
    </div>
  );
}

const WHEN = { off: "Never", soon: "Soon after it happens", hourly: "Once an hour", daily: "Once a day" } as const;

/** When mails about what stays unread come, or why none do. */
function Mails() {
  const known = digest.value;
  if (!known) return null;
  if (!known.address) {
    return (
      <p class="hint">
        No mail reaches you: <a href={pathOf({ view: "settings", section: "email" })}>give and confirm an address</a>.
      </p>
    );
  }
  return (
    <label class="field">
      Mails about what stays unread
      <select
        value={known.every}
        onChange={({ currentTarget: { value } }) => setDigest(value as typeof known.every)}
      >
        {EVERY.map((every) => (
          <option key={every} value={every}>
            {WHEN[every]}
            {every === "daily" && `, at ${known.hour}:00`}
          </option>
        ))}
      </select>
    </label>
  );
}

const NIGHT = { begins: "22:00", ends: "07:00" } as const;

function Quiet({ hours }: { hours: QuietHours }) {
  const on = hours.begins !== null && hours.ends !== null;
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const change = (changes: Partial<QuietHours>) => setQuietHours({ ...hours, timezone: here, ...changes });
  const time = (which: "begins" | "ends", label: string) => (
    <label class="field">
      {label}
      <input
        type="time"
        required
        value={hours[which] ?? ""}
        onChange={({ currentTarget: { value } }) => value && change({ [which]: value })}
      />
    </label>
  );
  return (
    <fieldset class="choices">
      <legend>Quiet hours</legend>
      <label class="choice">
        <input
          type="checkbox"
          checked={on}
          onChange={({ currentTarget: box }) => change(box.checked ? NIGHT : { begins: null, ends: null })}
        />
        Be quiet at these times
      </label>
      {on && (
        <div class="quiet-times">
          {time("begins", "From")}
          {time("ends", "Until")}
        </div>
      )}
      <p class="hint">
        No alerts, pushes or mails then, but for what is important.
        {on && ` By the clock of ${hours.timezone.replaceAll("_", " ")}.`}
      </p>
    </fieldset>
  );
}

const ALERTS_BLOCKED = "Blocked. You can allow notifications in the browser's settings for this site.";

/** What this browser does beside the page. */
function ThisBrowser() {
  const blocked = permission.value === "denied" || pushState.value === "blocked";
  if (permission.value === "unsupported") {
    return (
      <fieldset class="choices">
        <legend>This browser</legend>
        <p class="hint">Alerts need an https address, and a browser that has them.</p>
      </fieldset>
    );
  }
  return (
    <fieldset class="choices">
      <legend>This browser</legend>
      <label class="choice">
        <input
          type="checkbox"
          checked={showsAlerts.value}
          disabled={blocked}
          onChange={({ currentTarget: box }) => {
            if (box.checked) turnAlertsOn();
            else stopAlerts();
            // The browser may say no: it is drawn as it then is.
            box.checked = showsAlerts.value;
          }}
        />
        Show alerts while hubbub is in the background
      </label>
      {(pushState.value === "on" || pushState.value === "off") && (
        <label class="choice">
          <input
            type="checkbox"
            checked={pushState.value === "on"}
            onChange={({ currentTarget: box }) => {
              setPush(box.checked);
              box.checked = pushState.value === "on";
            }}
          />
          Push them here while hubbub is closed
        </label>
      )}
      {blocked && <p class="hint">{ALERTS_BLOCKED}</p>}
    </fieldset>
  );
}
