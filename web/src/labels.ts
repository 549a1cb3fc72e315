// What the schema calls its roles, abilities and classes of data, in both languages; of a newer one, its name.

import labels from "virtual:labels";
import type { Language } from "./language";

export function roleLabel(role: string, language: Language): string {
  return labels.Role[role]?.[language] ?? role;
}

export function abilityLabel(ability: string, language: Language): string {
  return labels.Ability[ability]?.[language] ?? ability;
}

/** Abilities in the order of the schema, from open data to the most dangerous. */
export function inOrder(abilities: string[]): string[] {
  const order = Object.keys(labels.Ability);
  return abilities.toSorted((a, b) => order.indexOf(a) - order.indexOf(b));
}

export function classLabel(sensitivity: string, language: Language): string {
  return labels.Sensitivity[sensitivity]?.[language] ?? sensitivity;
}
