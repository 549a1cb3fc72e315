// The example operations of the repository, each with the fragments that it uses and variables that fit the caller.

import {
  Kind,
  TokenKind,
  parse,
  print,
  separateOperations,
  type OperationDefinitionNode,
  type Token,
} from "graphql";
import amend from "../../examples/amend.graphql?raw";
import cameHome from "../../examples/came-home.json?raw";
import household from "../../examples/household.json?raw";
import operations from "../../examples/operations.graphql?raw";
import submit from "../../examples/submit.graphql?raw";
import verify from "../../examples/verify.graphql?raw";
import { ask } from "./session";
import type { Viewer } from "./viewer";

export type Example = { name: string; title: string; query: string; definition: OperationDefinitionNode };

const PROVINCE = 2;
const REGENCY = 5;
const CODE_LENGTH: Record<string, number> = { ProvinceToVillage: PROVINCE, RegencyDashboard: REGENCY };
const ANYWHERE = "35.07"; // for those who see the whole country
const DAYS = 86_400_000; // milliseconds
const FIRST_HOUSEHOLD = "{ households(first: 1) { nodes { id rev } } }";

/** Every example, in the order of its file. */
export const examples: Example[] = [operations, submit, amend, verify].flatMap(examplesOf);

function examplesOf(text: string): Example[] {
  const alone = separateOperations(parse(text));
  return Object.entries(alone).map(([name, document]) => {
    const definition = document.definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION)!;
    return { name, title: commentBefore(definition.loc?.startToken) || name, query: print(document), definition };
  });
}

/** The comment above a token. */
function commentBefore(token: Token | undefined): string {
  const lines: string[] = [];
  for (let each = token?.prev; each?.kind === TokenKind.COMMENT; each = each.prev) {
    if (lines.length && each.next!.line - each.line > 1) break;
    lines.unshift(each.value.trim());
  }
  return lines.join(" ");
}

/** Variables with which this caller can run an example at once, as JSON; empty if it has none. */
export async function variablesFor({ name, definition }: Example, viewer: Viewer | null): Promise<string> {
  const names = (definition.variableDefinitions ?? []).map((each) => each.variable.name.value);
  if (!names.length) return "";
  if (name === "Submit") return household;
  if (name === "Amend") return cameHome;
  const code = viewer?.grants.find((grant) => grant.region)?.region?.code ?? ANYWHERE;
  const needsHousehold = names.some((each) => ["id", "items", "household"].includes(each));
  const first = needsHousehold ? await firstHousehold() : null;
  const now = Date.now();
  const values: Record<string, unknown> = {
    first: 20,
    from: dayOf(now),
    to: dayOf(now + 183 * DAYS),
    silentSince: new Date(now - 90 * DAYS).toISOString(),
    period: { from: `${dayOf(now - 365 * DAYS).slice(0, 7)}-01`, to: dayOf(now) },
    within: [code],
    code: code.slice(0, CODE_LENGTH[name]),
    text: "siti aminah",
    id: first?.id,
    items: first && [first],
    household: first && { id: first.id },
    baseRev: first?.rev,
    saveAs: "DRAFT",
    reason: "",
  };
  const known = names.filter((each) => values[each] !== undefined && values[each] !== null);
  return JSON.stringify(Object.fromEntries(known.map((each) => [each, values[each]])), null, 2);
}

async function firstHousehold(): Promise<{ id: string; rev: number } | null> {
  const { data } = await ask<{ households: { nodes: { id: string; rev: number }[] } | null }>(FIRST_HOUSEHOLD);
  return data?.households?.nodes[0] ?? null;
}

function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
