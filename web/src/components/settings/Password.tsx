import { changePassword } from "../../state/settings";
import { PasswordField } from "../account/fields";
import { Form } from "../account/Form";

/** Another password, for the present one. */
export function Password() {
  return (
    <Form
      action="Change the password"
      submit={async (field) => {
        await changePassword(field("password"), field("new_password"));
        return "Changed. You are signed out everywhere else.";
      }}
    >
      <PasswordField label="Present password" name="password" />
      <PasswordField label="New password" name="new_password" chosen />
    </Form>
  );
}
