// oidc-provider on a port of 127.0.0.1 over TLS, for tests/test_real_provider.py.
// Arguments: files of the key and the certificate, and the port; 0 is a free one.  Each line of standard input is a JSON
// array of private keys (JWK): their public halves are published from then on, and the first that fits signs.  It answers
// each line with its issuer, and ends with standard input.
import * as https from 'node:https';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import Provider from 'oidc-provider';

console.info = console.error; // standard output is for the answers alone
const [key, cert, port] = process.argv.slice(2);
const AUDIENCE = 'registry';
let answer = (_, response) => response.writeHead(503).end();

const server = https.createServer(
  { key: readFileSync(key), cert: readFileSync(cert) },
  (request, response) => answer(request, response),
);

const configuration = (keys) => ({
  jwks: { keys },
  clients: [{
    client_id: 'app',
    token_endpoint_auth_method: 'none',
    redirect_uris: ['https://app.invalid/back'],
    grant_types: ['authorization_code'],
    response_types: ['code'],
  }],
  cookies: { keys: ['for tests'] },
  enabledJWA: {
    idTokenSigningAlgValues: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  features: {
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource) => ({
        scope: 'api',
        audience: AUDIENCE,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
        jwt: { sign: { alg: new URL(resource).pathname.slice(1) } },
      }),
    },
  },
  extraTokenClaims: (_, token) => ({ nip: `nip-${token.accountId}`, amr: ['pwd', 'otp'] }),
  // Everybody has consented to everything.
  loadExistingGrant: async (ctx) => {
    const { provider, client, session, params } = ctx.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid');
    grant.addResourceScope(params.resource, 'api');
    await grant.save();
    return grant;
  },
});

server.listen(Number(port), '127.0.0.1', () => {
  const issuer = `https://localhost:${server.address().port}`;
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    answer = new Provider(issuer, configuration(JSON.parse(line))).callback();
    console.log(issuer);
  });
  lines.on('close', () => process.exit(0));
});
