// The front page: what this is, the way in, who you are and what you may do where, and where to look.

import { StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import glossary from "../../docs/glossary.md?url";
import reference from "../../docs/reference.md?url";
import "./page.css";
import "./home.css";
import { abilityLabel, inOrder, roleLabel } from "./labels";
import { useTexts, type Language } from "./language";
import { hasGraphiQL, root } from "./page";
import { LanguageSwitch } from "./Parts";
import { signOut, useSession } from "./session";
import { ChangePassword, PersonaMenu, SecondFactor, SignIn } from "./SignIn";
import { useViewer, type Grant, type Viewer } from "./viewer";

function Home() {
  const { language, text } = useTexts();
  useEffect(() => {
    document.title = `Desmigratif · ${text.title}`;
  }, [text]);
  return (
    <>
      <a className="skip" href="#content">
        {text.skip}
      </a>
      <header className="masthead">
        <div className="width">
          <p className="mark">
            <span aria-hidden="true" className="emblem" />
            Registri Desmigratif
          </p>
          <LanguageSwitch />
        </div>
      </header>
      <main id="content" tabIndex={-1} lang={language}>
        <div className="hero width">
          <div className="what">
            <h1>{text.title}</h1>
            <p className="lead">{text.lead}</p>
          </div>
          <Caller />
          <Links />
        </div>
      </main>
    </>
  );
}

/** The way in, or the caller. */
function Caller() {
  const { text } = useTexts();
  const session = useSession();
  const { viewer, errors, reload } = useViewer();
  const codes = errors.map((error) => error.extensions?.code);

  if (!session)
    return (
      <section className="card" aria-labelledby="sign-in">
        <h2 id="sign-in">{text.signIn}</h2>
        <SignIn />
      </section>
    );
  if (codes.includes("PASSWORD_CHANGE_REQUIRED") || viewer?.mustChangePassword)
    return (
      <section className="card" aria-labelledby="change">
        <h2 id="change">{text.changePassword}</h2>
        <ChangePassword mustChange onDone={reload} />
        <SignOut />
      </section>
    );
  if (codes.includes("SECOND_FACTOR_REQUIRED"))
    return (
      <section className="card" aria-labelledby="second">
        <h2 id="second">{text.secondFactor}</h2>
        <SecondFactor isRequired onDone={reload} />
        <SignOut />
      </section>
    );
  if (!viewer)
    return (
      <section className="card" aria-busy={!errors.length}>
        <p role="status">{errors.length ? errors[0]?.message || text.unreachable : text.loading}</p>
        {errors.length > 0 && <SignOut />}
      </section>
    );
  return (
    <section className="card" aria-labelledby="caller">
      <p className="hint">{text.signedInAs}</p>
      <h2 id="caller">{viewer.name}</h2>
      <p className="username">{viewer.username}</p>
      {session.persona !== null && <PersonaMenu />}
      <Grants viewer={viewer} />
      <SignOut />
      {session.persona === null && <Settings onDone={reload} />}
    </section>
  );
}

function SignOut() {
  const { text } = useTexts();
  return (
    <div className="buttons">
      {hasGraphiQL && (
        <a className="button" href={`${root}/graphql`}>
          {text.graphiql}
        </a>
      )}
      <button type="button" onClick={() => void signOut()}>
        {text.signOut}
      </button>
    </div>
  );
}

/** What a signed-in caller may change of their account. */
function Settings({ onDone }: { onDone: () => void }) {
  const { text } = useTexts();
  const [times, setTimes] = useState(0);
  const done = () => {
    setTimes(times + 1);
    onDone();
  };
  return (
    <div className="settings" key={times}>
      <details>
        <summary>{text.changePassword}</summary>
        <ChangePassword mustChange={false} onDone={done} />
      </details>
      <details>
        <summary>{text.secondFactor}</summary>
        <SecondFactor isRequired={false} onDone={done} />
      </details>
    </div>
  );
}

function Grants({ viewer }: { viewer: Viewer }) {
  const { text } = useTexts();
  if (!viewer.grants.length) return <p>{text.noGrants}</p>;
  return (
    <>
      <h3>{text.yourGrants}</h3>
      <ul className="grants">
        {viewer.grants.map((grant, at) => (
          <GrantItem key={at} grant={grant} />
        ))}
      </ul>
    </>
  );
}

function GrantItem({ grant }: { grant: Grant }) {
  const { language, text } = useTexts();
  const abilities = inOrder(grant.abilities);
  const seeing = abilities.filter((ability) => ability.startsWith("SEE_"));
  const doing = abilities.filter((ability) => !ability.startsWith("SEE_"));
  return (
    <li>
      <p className="role">{roleLabel(grant.role, language)}</p>
      <p>
        {grant.region ? (
          <>
            {grant.region.name} <span className="region-code">{grant.region.code}</span>
          </>
        ) : (
          text.wholeCountry
        )}
        {" · "}
        {text.from} {day(grant.validFrom, language)}
        {grant.validTo && ` ${text.until} ${day(grant.validTo, language)}`}
      </p>
      <dl>
        <dt>{text.sees}</dt>
        <dd>
          <Abilities abilities={seeing} verb={/^(Melihat|See) /} />
        </dd>
        <dt>{text.does}</dt>
        <dd>
          <Abilities abilities={doing} />
        </dd>
      </dl>
    </li>
  );
}

/** Labels of abilities; `verb` is what the heading says already. */
function Abilities({ abilities, verb }: { abilities: string[]; verb?: RegExp }) {
  const { language, text } = useTexts();
  if (!abilities.length) return <>{text.nothing}</>;
  return (
    <ul className="abilities">
      {abilities.map((ability) => (
        <li key={ability}>{abilityLabel(ability, language).replace(verb ?? "", "")}</li>
      ))}
    </ul>
  );
}

function day(date: string, language: Language): string {
  return new Date(`${date}T00:00:00`).toLocaleDateString(language === "id" ? "id-ID" : "en-GB", { dateStyle: "long" });
}

function Links() {
  const { text } = useTexts();
  const links: [string, string, string][] = [
    [`${root}/schema.graphql`, text.schema, text.schemaWhat],
    [reference, text.reference, text.referenceWhat],
    [glossary, text.glossary, text.glossaryWhat],
    [`${root}/readyz`, text.health, text.healthWhat],
  ];
  if (hasGraphiQL) links.unshift([`${root}/graphql`, text.graphiql, text.graphiqlWhat]);
  return (
    <nav className="links" aria-labelledby="links">
      <h2 id="links">{text.links}</h2>
      <ul>
        {links.map(([address, name, what]) => (
          <li key={address}>
            <a href={address}>{name}</a>
            <p>{what}</p>
          </li>
        ))}
      </ul>
    </nav>
  );
}

createRoot(document.getElementById("app")!).render(
  <StrictMode>
    <Home />
  </StrictMode>,
);
