// What the server writes into the page: its language, the path before our addresses, and what it offers.

const data = document.documentElement.dataset;

/** The path that a proxy puts before ours; usually empty. */
export const root = data.root ?? "";
/** Whether this is the demo, whose personas need no password. */
export const isDemo = data.demo !== undefined;
/** Whether /graphql is GraphiQL. */
export const hasGraphiQL = data.graphiql !== undefined;
