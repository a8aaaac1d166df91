import "./Dialog.css";
import { useLayoutEffect, useRef } from "preact/hooks";
import { overlay } from "../state/overlay";

interface DialogProps {
  label: string;
  children: preact.ComponentChildren;
}

/** What lies over the page. The browser keeps the focus in it, closes it by Esc and gives the focus back. */
export function Dialog({ label, children }: DialogProps) {
  const box = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  const close = () => (overlay.value = null);
  return (
    <dialog
      ref={box}
      class="dialog"
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        // The dialog's own box is its backdrop: what it holds lies in another.
        if (event.target === box.current) close();
      }}
    >
      <div class="dialog-body">{children}</div>
    </dialog>
  );
}
