import { closeAccount } from "../../state/settings";
import { PasswordField } from "../account/fields";
import { Form } from "../account/Form";

/** The end of an account. */
export function CloseAccount() {
  return (
    <Form action="Close the account" kind="danger" submit={(field) => closeAccount(field("password"))}>
      <p>
        You are signed out everywhere, and nobody can sign in to the account any more. What you have written stays,
        under your name.
      </p>
      <p>An admin of this server can open the account again.</p>
      <PasswordField label="Your password" name="password" />
    </Form>
  );
}
