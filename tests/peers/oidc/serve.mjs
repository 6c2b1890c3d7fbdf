// An identity provider on 127.0.0.1 at which anybody can sign in by any name. It prints its address when it listens,
// and ends when its standard input does.
// Argument: a JSON list of clients (OpenID Connect Dynamic Client Registration 1.0, section 2).
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: JSON.parse(process.argv[2]),
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false,
  cookies: { keys: ['of this test alone'] },
  features: { deviceFlow: { enabled: true }, devInteractions: { enabled: true } },
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.test`, email_verified: true }),
  }),
});
server.on('request', provider.callback());
process.stdin.on('end', () => process.exit()).resume();
console.log(issuer);
