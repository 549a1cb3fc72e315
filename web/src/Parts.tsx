// The parts that both pages share: the language switch, a form's fields, its errors and its button.

import { useId, useState, type FormEvent, type InputHTMLAttributes, type ReactNode } from "react";
import { choose, useTexts, type Language } from "./language";

const LANGUAGES: [Language, string][] = [
  ["id", "ID · Indonesia"],
  ["en", "EN · English"],
];

export function LanguageSwitch() {
  const { language, text } = useTexts();
  return (
    <div className="languages" role="group" aria-label={text.language}>
      {LANGUAGES.map(([code, name]) => (
        <button
          key={code}
          type="button"
          lang={code}
          aria-label={name}
          aria-pressed={code === language}
          onClick={() => choose(code)}
        >
          {code.toUpperCase()}
        </button>
      ))}
    </div>
  );
}

type FieldProps = InputHTMLAttributes<HTMLInputElement> & { label: string; hint?: string };

export function Field({ label, hint, ...input }: FieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} required aria-describedby={hint && `${id}-hint`} {...input} />
      {hint && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** A password, which the reader may look at: phones make typing errors easy. */
export function PasswordField({ label, ...props }: FieldProps) {
  const { text } = useTexts();
  const [isShown, show] = useState(false);
  const id = useId();
  return (
    <div className="password">
      <Field label={label} type={isShown ? "text" : "password"} autoCapitalize="none" spellCheck={false} {...props} />
      <label className="check" htmlFor={id}>
        <input id={id} type="checkbox" checked={isShown} onChange={(event) => show(event.target.checked)} />
        {text.showPassword}
      </label>
    </div>
  );
}

type FormProps = {
  label: string;
  submit: string;
  /** Sends the form; returns the sentences to show if it was refused. */
  onSubmit: (values: Record<string, string>) => Promise<string[]>;
  children: ReactNode;
  beside?: ReactNode;
};

/** A form that shows what is wrong beside its button, and is busy while it is being sent. */
export function Form({ label, submit, onSubmit, children, beside }: FormProps) {
  const { text } = useTexts();
  const [errors, setErrors] = useState<string[]>([]);
  const [isBusy, setBusy] = useState(false);

  async function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    setBusy(true);
    setErrors([]);
    try {
      setErrors(await onSubmit(values));
    } catch {
      setErrors([text.unreachable]);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={send} aria-label={label}>
      {children}
      <div className="errors" role="alert">
        {errors.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
      <div className="buttons">
        <button type="submit" className="primary" disabled={isBusy}>
          {isBusy ? text.busy : submit}
        </button>
        {beside}
      </div>
    </form>
  );
}
