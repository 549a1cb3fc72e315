// The schema with each field's access in its description, so that documentation, hints and completion show it.
//
// Introspection leaves directives out; /schema.graphql has them.

import {
  buildSchema,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  type ConstDirectiveNode,
  type GraphQLSchema,
} from "graphql";
import { abilityLabel, classLabel } from "./labels";
import type { Language } from "./language";
import { texts } from "./texts";

/** The schema as the server publishes it, as text. */
export async function fetchSDL(root: string): Promise<string> {
  const response = await fetch(`${root}/schema.graphql`, { credentials: "omit" });
  if (!response.ok) throw new Error(response.statusText);
  return response.text();
}

/** The schema with descriptions that name the access of each field; of a signed-in caller also whether they have it. */
export function schemaWithAccess(sdl: string, language: Language, abilities: string[] | null): GraphQLSchema {
  const schema = buildSchema(sdl);
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const sentences = (field.astNode?.directives ?? []).map((each: ConstDirectiveNode) => sentence(each, language, abilities));
      field.description = [field.description, ...sentences].filter(Boolean).join("\n\n");
    }
  }
  return schema;
}

/** What a directive says of access; null for one that says nothing of it. */
function sentence(directive: ConstDirectiveNode, language: Language, abilities: string[] | null): string | null {
  const argument = directive.arguments?.[0]?.value;
  const value = argument && "value" in argument ? String(argument.value) : "";
  const text = texts[language];
  if (directive.name.value === "sensitivity") {
    const whether = whose(abilities, `SEE_${value}`, text.visible, text.hidden);
    return `**${text.access}: ${value}.** ${classLabel(value, language)}. ${whether}`;
  }
  if (directive.name.value === "requires") {
    const ability = value.replace(/[:-]/g, "_").toUpperCase();
    const whether = whose(abilities, ability, text.allowed, text.notAllowed);
    return `**${text.required}: \`${value}\`.** ${abilityLabel(ability, language)}. ${whether}`;
  }
  if (directive.name.value === "exempt") return `**${text.access}: ${text.exempt}** (${value}).`;
  return null;
}

function whose(abilities: string[] | null, ability: string, yes: string, no: string): string {
  if (abilities === null) return "";
  return abilities.includes(ability) ? yes : no;
}
