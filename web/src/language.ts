// The language of the page: the reader's choice, else what the server chose by Accept-Language.

import { useSyncExternalStore } from "react";
import { texts, type Texts } from "./texts";

export type Language = "id" | "en";
const KEY = "desmigratif.language";
const listeners = new Set<() => void>();
const chosen = localStorage.getItem(KEY);
let language: Language = (chosen ?? document.documentElement.lang) === "en" ? "en" : "id";
document.documentElement.lang = language;

export function currentLanguage(): Language {
  return language;
}

export function choose(next: Language): void {
  language = next;
  localStorage.setItem(KEY, next);
  document.documentElement.lang = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The language and its texts; the component is drawn again when the reader chooses another. */
export function useTexts(): { language: Language; text: Texts } {
  const current = useSyncExternalStore(subscribe, currentLanguage);
  return { language: current, text: texts[current] };
}
