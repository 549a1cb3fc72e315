// The ways to be somebody here: one of the demo's personas, or an account with a password and a second factor.

import { useEffect, useState } from "react";
import { encode } from "uqr";
import { roleLabel } from "./labels";
import { useTexts } from "./language";
import { isDemo } from "./page";
import { Field, Form, PasswordField } from "./Parts";
import { ask, become, begin, deviceId, personas, useSession, type Answer, type Persona, type UserError } from "./session";

type Tokens = { accessToken: string; refreshToken: string; expiresAt: string };
type Payload = { userErrors: UserError[] };

const SIGN_IN = `mutation SignIn($input: SignInInput!) {
  signIn(input: $input) { session { accessToken refreshToken expiresAt } userErrors { code message } } }`;
const CHANGE_PASSWORD = `mutation ChangePassword($input: ChangePasswordInput!) {
  changePassword(input: $input) { session { accessToken refreshToken expiresAt } userErrors { code message } } }`;
const ENROL = `mutation Enrol($input: EnrolTotpInput!) {
  enrolTotp(input: $input) { uri userErrors { code message } } }`;
const CONFIRM = `mutation Confirm($input: ConfirmTotpInput!) {
  confirmTotp(input: $input) { confirmed recoveryCodes userErrors { code message } } }`;

/** The payload of a command, or the sentences that say why there is none. */
function outcome<Result extends Payload>(answer: Answer<Record<string, Result | null>>, field: string) {
  const payload = answer.data?.[field] ?? null;
  const problems = payload?.userErrors ?? [];
  const sentences = [...(answer.errors ?? []), ...problems].map((error) => error.message);
  return { payload, codes: problems.map((problem) => problem.code), sentences };
}

/** The way in that this server has. */
export function SignIn() {
  return isDemo ? <PersonaForm /> : <PasswordForm />;
}

function PersonaForm() {
  const { text } = useTexts();
  return (
    <div className="persona">
      <p>{text.demoNotice}</p>
      <PersonaMenu />
    </div>
  );
}

/** The demo's people; choosing one signs in as them. */
export function PersonaMenu() {
  const { text, language } = useTexts();
  const session = useSession();
  const [people, setPeople] = useState<Persona[]>([]);
  useEffect(() => {
    personas().then(setPeople).catch(() => setPeople([]));
  }, []);
  return (
    <div className="field">
      <label htmlFor="persona">{text.signInAs}</label>
      <select id="persona" value={session?.persona ?? ""} onChange={(event) => void become(event.target.value)}>
        <option value="" disabled>
          {text.choosePersona}
        </option>
        {people.map((person) => (
          <option key={person.username} value={person.username}>
            {`${roleLabel(person.role, language)} · ${person.place ?? text.wholeCountry}`}
          </option>
        ))}
      </select>
    </div>
  );
}

/** User name and password; the code of the second factor is asked for when the account has one. */
function PasswordForm() {
  const { text } = useTexts();
  const [first, setFirst] = useState<Record<string, string> | null>(null);

  async function signIn(values: Record<string, string>): Promise<string[]> {
    const { payload, codes, sentences } = outcome<Payload & { session: Tokens | null }>(
      await ask(SIGN_IN, { input: { ...values, deviceId: deviceId(), deviceLabel: text.browser } }),
      "signIn",
    );
    if (payload?.session) begin(payload.session);
    else if (codes.includes("OTP_REQUIRED") && !values.otp) {
      setFirst(values);
      return [];
    }
    return payload?.session ? [] : sentences.length ? sentences : [text.failed];
  }

  if (first)
    return (
      <Form
        key="otp"
        label={text.otp}
        submit={text.continue}
        onSubmit={({ otp }) => signIn({ ...first, otp: otp ?? "" })}
        beside={
          <button type="button" onClick={() => setFirst(null)}>
            {text.back}
          </button>
        }
      >
        <Field label={text.otp} hint={text.otpHint} name="otp" autoComplete="one-time-code" autoFocus />
      </Form>
    );
  return (
    <Form key="password" label={text.signIn} submit={text.signIn} onSubmit={signIn}>
      <Field label={text.username} name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} />
      <PasswordField label={text.password} name="password" autoComplete="current-password" />
    </Form>
  );
}

/** Changing one's password; after it the session has new tokens. */
export function ChangePassword({ mustChange, onDone }: { mustChange: boolean; onDone: () => void }) {
  const { text } = useTexts();

  async function change(values: Record<string, string>): Promise<string[]> {
    if (values.new !== values.repeated) return [text.different];
    const { payload, sentences } = outcome<Payload & { session: Tokens | null }>(
      await ask(CHANGE_PASSWORD, { input: { current: values.current, new: values.new } }),
      "changePassword",
    );
    if (!payload?.session) return sentences.length ? sentences : [text.failed];
    begin(payload.session);
    onDone();
    return [];
  }

  return (
    <Form label={text.changePassword} submit={text.changePassword} onSubmit={change}>
      {mustChange && <p>{text.mustChange}</p>}
      <PasswordField label={text.currentPassword} name="current" autoComplete="current-password" />
      <PasswordField
        label={text.newPassword}
        hint={text.newPasswordHint}
        name="new"
        autoComplete="new-password"
        minLength={12}
      />
      <PasswordField label={text.repeatPassword} name="repeated" autoComplete="new-password" minLength={12} />
    </Form>
  );
}

/** Setting up the second factor: the password, then a picture to scan, then its first code. */
export function SecondFactor({ isRequired, onDone }: { isRequired: boolean; onDone: () => void }) {
  const { text } = useTexts();
  const [uri, setUri] = useState<string | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);

  async function start({ password }: Record<string, string>): Promise<string[]> {
    const { payload, sentences } = outcome<Payload & { uri: string | null }>(
      await ask(ENROL, { input: { password } }),
      "enrolTotp",
    );
    if (!payload?.uri) return sentences.length ? sentences : [text.failed];
    setUri(payload.uri);
    return [];
  }

  async function confirm({ otp }: Record<string, string>): Promise<string[]> {
    const { payload, sentences } = outcome<Payload & { confirmed: boolean; recoveryCodes: string[] | null }>(
      await ask(CONFIRM, { input: { otp } }),
      "confirmTotp",
    );
    if (!payload?.confirmed) return sentences.length ? sentences : [text.failed];
    if (payload.recoveryCodes?.length) setCodes(payload.recoveryCodes);
    else onDone();
    return [];
  }

  if (codes)
    return (
      <div className="recovery">
        <h3>{text.recovery}</h3>
        <p>{text.recoveryWhat}</p>
        <ul>
          {codes.map((code) => (
            <li key={code}>
              <code>{code}</code>
            </li>
          ))}
        </ul>
        <button type="button" className="primary" onClick={onDone}>
          {text.recoveryKept}
        </button>
      </div>
    );
  if (!uri)
    return (
      <Form key="start" label={text.secondFactor} submit={text.setUp} onSubmit={start}>
        <p>{isRequired ? text.secondFactorWhy : text.secondFactorOffer}</p>
        <PasswordField label={text.currentPassword} name="password" autoComplete="current-password" />
      </Form>
    );
  return (
    <Form key="confirm" label={text.secondFactor} submit={text.continue} onSubmit={confirm}>
      <p>{text.scan}</p>
      <Code value={uri} />
      <p className="hint">
        {text.orType} <code>{new URL(uri).searchParams.get("secret")}</code>
      </p>
      <Field label={text.otp} name="otp" inputMode="numeric" autoComplete="one-time-code" />
    </Form>
  );
}

/** A QR code. */
function Code({ value }: { value: string }) {
  const { data, size } = encode(value, { border: 2 });
  const dark = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : "")));
  return (
    <svg className="code" viewBox={`0 0 ${size} ${size}`} role="img" aria-label="QR">
      <rect width={size} height={size} fill="#fff" />
      <path d={dark.join("")} fill="#000" />
    </svg>
  );
}
