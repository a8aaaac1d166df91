import "./AlertsQuestion.css";
import { allowAlerts, asksForAlerts, laterForAlerts } from "../../state/alerts";

/** Asks, once it has a reason to, before the browser does: a no to this one can be taken back. */
export function AlertsQuestion() {
  if (!asksForAlerts.value) return null;
  return (
    <div class="alerts-question" role="group" aria-label="Alerts">
      <p>Show notifications while hubbub is in the background?</p>
      <div class="alerts-answers">
        <button class="button primary" onClick={() => void allowAlerts()}>
          Turn on
        </button>
        <button class="button" onClick={laterForAlerts}>
          Not now
        </button>
      </div>
    </div>
  );
}
