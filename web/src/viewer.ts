// Who the caller is, as the server sees them.

import { useEffect, useState } from "react";
import { useTexts } from "./language";
import { ask, useSession, type GraphQLError } from "./session";

export type Grant = {
  role: string;
  national: boolean;
  region: { code: string; name: string } | null;
  abilities: string[];
  validFrom: string;
  validTo: string | null;
};
export type Viewer = {
  name: string;
  username: string;
  mustChangePassword: boolean;
  abilities: string[];
  grants: Grant[];
};

// `regions` is asked beside, because a caller who must set up a second factor first may read nothing but `viewer`.
const VIEWER = `{ viewer { name username mustChangePassword abilities
  grants { role national region { code name } abilities validFrom validTo } } regions(first: 1) { nodes { id } } }`;

type State = { viewer: Viewer | null; errors: GraphQLError[] };
const NOBODY: State = { viewer: null, errors: [] };

/** The signed-in viewer, asked for again when the session or the language changes, or by `reload`. */
export function useViewer(): State & { reload: () => void } {
  const session = useSession();
  const { language } = useTexts();
  const [state, setState] = useState(NOBODY);
  const [times, setTimes] = useState(0);
  const isSignedIn = session !== null;
  const who = session?.persona ?? isSignedIn;

  useEffect(() => {
    if (!who) return setState(NOBODY);
    let isCurrent = true;
    ask<{ viewer: Viewer }>(VIEWER)
      .then(({ data, errors }) => isCurrent && setState({ viewer: data?.viewer ?? null, errors: errors ?? [] }))
      .catch(() => isCurrent && setState({ viewer: null, errors: [{ message: "", extensions: { code: "UNREACHABLE" } }] }));
    return () => {
      isCurrent = false;
    };
  }, [who, language, times]);

  return { ...state, reload: () => setTimes((before) => before + 1) };
}
