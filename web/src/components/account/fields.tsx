interface PasswordFieldProps {
  label: string;
  name: string;
  /** Whether it is one that is being chosen: the browser may offer one. */
  chosen?: boolean;
}

export function PasswordField({ label, name, chosen = false }: PasswordFieldProps) {
  return (
    <label class="field">
      {label}
      <input name={name} type="password" required autocomplete={chosen ? "new-password" : "current-password"} />
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
