import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { page } from "../../page";
import { messageOf } from "../../state/current";
import { changeEmail, email, loadEmail } from "../../state/settings";
import { EmailField, PasswordField } from "../account/fields";
import { Form } from "../account/Form";

/** One's address: where a new password is sent to. */
export function Email() {
  const problem = useSignal<string | null>(null);
  useEffect(() => void loadEmail().catch((error: unknown) => (problem.value = messageOf(error))), []);
  const known = email.value;
  if (problem.value) return <p class="problem">{problem.value}</p>;
  if (known === null) return null;
  if (known === "absent") return <p class="quiet">This server keeps no addresses.</p>;
  return (
    <>
      <p class="hint">It lets you back in when you are locked out. Others don't see it.</p>
      {known.email ? <Present address={known.email} verified={known.verified} /> : <p>You have given no address.</p>}
      <h3>{known.email ? "Another address" : "Your address"}</h3>
      <Form action="Send the link" submit={ask}>
        <EmailField label="New address" />
        <PasswordField label="Your password" name="password" />
      </Form>
      {known.email && !page.email_required && (
        <>
          <h3>No address</h3>
          <Form action="Remove the address" kind="danger" submit={(field) => changeEmail("", field("password"))}>
            <PasswordField label="Your password" name="password" />
          </Form>
        </>
      )}
    </>
  );
}

function Present({ address, verified }: { address: string; verified: boolean }) {
  return (
    <>
      <p>
        {address} <span class="quiet">{verified ? "Confirmed" : "Not confirmed yet"}</span>
      </p>
      {!verified && (
        <Form action="Send another link" kind="plain" submit={() => changeEmail(address, "").then(() => sent(address))}>
          <p>Follow the link of the mail that we sent there.</p>
        </Form>
      )}
    </>
  );
}

async function ask(field: (name: string) => string): Promise<string> {
  await changeEmail(field("email"), field("password"));
  return sent(field("email"));
}

function sent(address: string): string {
  return `A mail is on its way to ${address}. The address counts once you follow its link.`;
}
