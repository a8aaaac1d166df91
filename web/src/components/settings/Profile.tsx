import type { Account } from "../../api";
import { account } from "../../state/account";
import { saveNames } from "../../state/settings";
import { Form } from "../account/Form";
import { Visibility } from "./Visibility";

/** What others see of one. */
export function Profile() {
  const user = account.value;
  if (!user) return null;
  return (
    <>
      <Names user={user} />
      <Visibility />
    </>
  );
}

function Names({ user }: { user: Account }) {
  return (
    <Form
      action="Save"
      keeps
      submit={async (field) => {
        await saveNames(field("first_name"), field("last_name"));
        return "Saved. Others see it on what you write from now on, and everywhere when they next open hubbub.";
      }}
    >
      <label class="field">
        User name
        <input value={user.username} readOnly />
        <span class="hint">People find you by it. It stays as it is.</span>
      </label>
      <label class="field">
        First name
        <input name="first_name" defaultValue={user.first_name} maxLength={150} autocomplete="given-name" />
      </label>
      <label class="field">
        Last name
        <input name="last_name" defaultValue={user.last_name} maxLength={150} autocomplete="family-name" />
      </label>
    </Form>
  );
}
