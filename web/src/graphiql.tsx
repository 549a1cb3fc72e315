// GraphiQL on our API: as a persona or as the signed-in caller, with the example operations and each field's access.

import { DOC_EXPLORER_PLUGIN } from "@graphiql/plugin-doc-explorer";
import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import type { GraphQLSchema } from "graphql";
import { GraphiQL } from "graphiql";
import { useEffect, useMemo, useState, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { createRoot } from "react-dom/client";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./page.css";
import "./graphiql.css";
import "./workers";
import { fetchSDL, schemaWithAccess } from "./access";
import { examples, variablesFor } from "./examples";
import { useTexts } from "./language";
import { isDemo, root } from "./page";
import { LanguageSwitch } from "./Parts";
import { send, signOut, useSession } from "./session";
import { PersonaMenu } from "./SignIn";
import { useViewer, type Viewer } from "./viewer";

const WIDE = 1100; // pixels that leave room for the documentation beside the editors
const START = "query Saya {\n  viewer {\n    name\n    grants {\n      role\n      region {\n        code\n        name\n      }\n    }\n  }\n}\n";

async function fetcher(parameters: unknown): Promise<never> {
  const response = await send(parameters);
  return (await response.json()) as never; // an answer of GraphQL, which GraphiQL shows as it is
}

function Page() {
  const { language, text } = useTexts();
  const { viewer } = useViewer();
  const [sdl, setSDL] = useState<string | null>(null);
  const [hasFailed, setFailed] = useState(false);
  const [bar, setBar] = useState<HTMLElement | null>(null);
  useEffect(() => {
    document.title = "Desmigratif · GraphiQL";
    fetchSDL(root).then(setSDL).catch(() => setFailed(true));
  }, []);
  const abilities = viewer?.abilities ?? null;
  const schema = useMemo<GraphQLSchema | null>(
    () => (sdl === null ? null : schemaWithAccess(sdl, language, abilities)),
    [sdl, language, abilities],
  );

  return (
    <>
      <a className="skip" href="#editor">
        {text.skip}
      </a>
      <header className="bar" ref={setBar} />
      <main id="editor" tabIndex={-1}>
        <h1 className="unseen">GraphiQL</h1>
        {schema ? (
          <GraphiQL
            fetcher={fetcher}
            schema={schema}
            storage={sessionStorage}
            isHeadersEditorEnabled={false}
            shouldPersistHeaders={false}
            defaultQuery={text.firstQuery + START}
            defaultEditorToolsVisibility="variables"
            visiblePlugin={window.innerWidth >= WIDE ? DOC_EXPLORER_PLUGIN : undefined}
          >
            <GraphiQL.Logo>
              <span />
            </GraphiQL.Logo>
            <Bar into={bar} viewer={viewer} />
          </GraphiQL>
        ) : (
          <p className="loading" role="status">
            {hasFailed ? text.loadFailed : text.loading}
          </p>
        )}
      </main>
    </>
  );
}

/** The bar above the editors; it stands inside GraphiQL, whose editors the examples fill. */
function Bar({ into, viewer }: { into: HTMLElement | null; viewer: Viewer | null }) {
  const { text } = useTexts();
  const session = useSession();
  if (!into) return null;
  const content: ReactNode = (
    <>
      <a className="home" href={`${root}/`}>
        <span aria-hidden="true" className="emblem" />
        <span className="name">Registri Desmigratif</span>
        <span className="unseen">{text.home}</span>
      </a>
      <ExampleMenu viewer={viewer} />
      {isDemo ? <PersonaMenu /> : <p className="caller">{viewer?.name ?? text.noPersona}</p>}
      <div className="buttons">
        {session ? (
          <button type="button" onClick={() => void signOut()}>
            {text.signOut}
          </button>
        ) : (
          !isDemo && (
            <a className="button" href={`${root}/`}>
              {text.signIn}
            </a>
          )
        )}
        <LanguageSwitch />
      </div>
    </>
  );
  return createPortal(content, into);
}

/** The example operations; choosing one opens it in a tab of its own. */
function ExampleMenu({ viewer }: { viewer: Viewer | null }) {
  const { text } = useTexts();
  const { addTab } = useGraphiQLActions();
  const { queryEditor, variableEditor } = useGraphiQL(({ queryEditor, variableEditor }) => ({
    queryEditor,
    variableEditor,
  }));

  async function open(name: string) {
    const example = examples.find((each) => each.name === name);
    if (!example) return;
    const variables = await variablesFor(example, viewer);
    addTab();
    queryEditor?.setValue(example.query);
    variableEditor?.setValue(variables);
  }

  return (
    <div className="field">
      <label htmlFor="example">{text.examples}</label>
      <select id="example" value="" onChange={(event) => void open(event.target.value)}>
        <option value="" disabled>
          {text.chooseExample}
        </option>
        {examples.map(({ name, title }) => (
          <option key={name} value={name}>
            {title === name ? name : `${name}: ${title}`}
          </option>
        ))}
      </select>
    </div>
  );
}

createRoot(document.getElementById("app")!).render(<Page />);
