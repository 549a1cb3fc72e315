// The caller's session: the only file that keeps a token.
//
// A session is kept in sessionStorage: it ends with the tab, and is in no address and no file that outlives the browser.
// A refresh token works once, so a copy of the tab must hear of its successor: it comes by a BroadcastChannel.

import { useSyncExternalStore } from "react";
import { currentLanguage } from "./language";
import { isDemo, root } from "./page";

export type Persona = { username: string; name: string; role: string; area: string | null; place: string | null };
type PersonaToken = Persona & { accessToken: string; expiresAt: string };
type Tokens = { accessToken: string; refreshToken: string | null; expiresAt: string };
export type Session = Tokens & { obtainedAt: number; persona: string | null };
export type GraphQLError = { message: string; path?: (string | number)[]; extensions?: { code?: string } };
export type Answer<Data> = { data?: Data | null; errors?: GraphQLError[] };
export type UserError = { code: string; message: string };

const KEY = "desmigratif.session";
const SECONDS_BEFORE = 60; // a token that ends sooner is renewed first
const DEVICE = "desmigratif.device";
const REFRESH = `mutation Refresh($input: RefreshSessionInput!) {
  refreshSession(input: $input) { session { accessToken refreshToken expiresAt } userErrors { code message } } }`;
const SIGN_OUT = "mutation SignOut { signOut(input: {}) { signedOut } }";

const listeners = new Set<() => void>();
const successors = new BroadcastChannel(KEY);
let session: Session | null = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
let renewing: Promise<void> | null = null;

successors.onmessage = ({ data }: MessageEvent<{ spent: string; next: Session }>) => {
  if (session?.refreshToken === data.spent) keep(data.next);
};

function keep(next: Session | null): void {
  session = next;
  if (next) sessionStorage.setItem(KEY, JSON.stringify(next));
  else sessionStorage.clear(); // also GraphiQL's tabs, which may hold what the caller wrote
  for (const listener of listeners) listener();
}

/** The id of this browser, always the same: no secret, so it outlives the session. */
export function deviceId(): string {
  const id = localStorage.getItem(DEVICE) ?? crypto.randomUUID();
  localStorage.setItem(DEVICE, id);
  return id;
}

/** Begin a session with these tokens. */
export function begin(tokens: Tokens, persona: string | null = null): void {
  keep({ ...tokens, obtainedAt: Date.now(), persona });
}

export function currentSession(): Session | null {
  return session;
}

/** The session; the component is drawn again when it changes. */
export function useSession(): Session | null {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, currentSession);
}

/** End the session here and, if the server knows it, there. */
export async function signOut(): Promise<void> {
  if (session?.refreshToken) await send({ query: SIGN_OUT }).catch(() => undefined);
  keep(null);
}

/** The demo's people, each with a token of a few minutes. */
async function fetchPersonas(): Promise<PersonaToken[]> {
  const response = await fetch(`${root}/demo/personas`, { credentials: "omit" });
  return response.ok ? response.json() : [];
}

export async function personas(): Promise<Persona[]> {
  return isDemo ? fetchPersonas() : [];
}

/** Become one of the demo's people. */
export async function become(username: string): Promise<void> {
  const persona = (await fetchPersonas()).find((each) => each.username === username);
  if (persona) begin({ accessToken: persona.accessToken, refreshToken: null, expiresAt: persona.expiresAt }, username);
}

/** Send one GraphQL request as the caller. */
export async function send(body: unknown): Promise<Response> {
  if (session && isDue(session)) await renew();
  const sent = session;
  const response = await post(body, sent);
  if (response.status !== 401 || !sent) return response;
  await renew(); // the clock here may be wrong, so that the token has ended before it was due
  return session ? post(body, session) : response;
}

/** Send a query and return its answer.  Raises TypeError if the server cannot be reached. */
export async function ask<Data>(query: string, variables: Record<string, unknown> = {}): Promise<Answer<Data>> {
  const response = await send({ query, variables });
  return response.json();
}

function post(body: unknown, as: Session | null): Promise<Response> {
  const headers: Record<string, string> = {
    "Content-Type": "application/json",
    Accept: "application/json",
    "Accept-Language": currentLanguage(),
  };
  if (as) headers.Authorization = `Bearer ${as.accessToken}`;
  return fetch(`${root}/graphql`, { method: "POST", headers, body: JSON.stringify(body), credentials: "omit" });
}

/** Whether the token ends soon.  One that has just come is never due, however wrong the clock here is. */
function isDue({ expiresAt, obtainedAt }: Session): boolean {
  const now = Date.now();
  return Date.parse(expiresAt) - now < SECONDS_BEFORE * 1000 && now - obtainedAt > SECONDS_BEFORE * 1000;
}

function renew(): Promise<void> {
  renewing ??= renewOnce().finally(() => (renewing = null));
  return renewing;
}

/** Replace the session by its successor, or end it. */
async function renewOnce(): Promise<void> {
  const before = session;
  if (before?.persona) return become(before.persona);
  if (!before?.refreshToken) return keep(null);
  const variables = { input: { refreshToken: before.refreshToken, deviceId: deviceId() } };
  const response = await post({ query: REFRESH, variables }, null);
  const answer: Answer<{ refreshSession: { session: Tokens | null } | null }> = await response.json();
  if (session !== before) return; // a copy of this tab was faster
  const tokens = answer.data?.refreshSession?.session;
  if (tokens) {
    begin(tokens);
    successors.postMessage({ spent: before.refreshToken, next: session });
  } else if (response.status < 500 && response.status !== 429) keep(null);
}
