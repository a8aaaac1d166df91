interface PasswordFieldProps {
  label: string;
  name: string;
  /** Whether it is one that is being chosen: the browser may offer one. */
  chosen?: boolean;
  hint?: string;
}

export function PasswordField({ label, name, chosen = false, hint }: PasswordFieldProps) {
  return (
    <label class="field">
      {label}
      <input name={name} type="password" required autocomplete={chosen ? "new-password" : "current-password"} />
      {hint && <span class="hint">{hint}</span>}
    </label>
  );
}

export function EmailField({ label, value }: { label: string; value?: string }) {
  return (
    <label class="field">
      {label}
      <input name="email" type="email" required autocomplete="email" defaultValue={value ?? ""} />
    </label>
  );
}
