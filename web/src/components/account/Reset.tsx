import { link } from "../../state/links";
import { askForReset, resetPassword } from "../../state/settings";
import { EmailField, PasswordField } from "./fields";
import { Form } from "./Form";
import { OuterFrame } from "./OuterFrame";

/** A new password: asks for the address, and, by the link of the mail, for the password. */
export function Reset() {
  return link.value ? <Choose /> : <Ask />;
}

function Ask() {
  return (
    <OuterFrame title="Forgot your password?">
      <Form
        class="outer-form"
        action="Send the link"
        submit={async (field) => {
          await askForReset(field("email"));
          return "If an account has this address, a mail with a link is on its way to it.";
        }}
      >
        <p>We send a link to your e-mail address. It leads to a new password.</p>
        <EmailField label="E-mail" />
      </Form>
    </OuterFrame>
  );
}

function Choose() {
  return (
    <OuterFrame title="Choose a new password">
      <Form class="outer-form" action="Change the password" submit={(field) => resetPassword(field("new_password"))}>
        <p>You are signed out everywhere, and sign in with the new one.</p>
        <PasswordField label="New password" name="new_password" chosen />
      </Form>
      <p>
        <button class="link-button" type="button" onClick={() => (link.value = "")}>
          Ask for another link
        </button>
      </p>
    </OuterFrame>
  );
}
