import { useSignal } from "@preact/signals";
import { link } from "../../state/links";
import { verifyEmail } from "../../state/settings";
import { Form } from "./Form";
import { OuterFrame } from "./OuterFrame";

/** Where the link of a mail leads that shows that one reads an address. A button: programs follow links too. */
export function Verify() {
  const verified = useSignal<string | null>(null);
  if (verified.value !== null) {
    return (
      <OuterFrame title="Your e-mail address">
        <p role="status">{verified.value} is confirmed.</p>
      </OuterFrame>
    );
  }
  return (
    <OuterFrame title="Your e-mail address">
      {link.value ? (
        <Form
          class="outer-form"
          action="Confirm the address"
          submit={async () => {
            verified.value = await verifyEmail();
          }}
        >
          <p>Confirm that you get mail at this address.</p>
        </Form>
      ) : (
        <p>Open the link of the mail again. A new one is sent from the settings.</p>
      )}
    </OuterFrame>
  );
}
