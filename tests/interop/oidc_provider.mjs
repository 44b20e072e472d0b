// An OpenID Connect provider that nobody here wrote (npm `oidc-provider`), with three people in it.
// Usage: node oidc_provider.mjs FOLDER REDIRECT; FOLDER holds node_modules. Prints its issuer when it listens.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [folder, redirect] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${folder}/node_modules/oidc-provider/lib/index.js`));

const people = {
  maija: { name: "Maija Meikäläinen", groups: ["prevention-nurses", "choir"] },
  rauni: { name: "Rauni Tutkija", groups: ["science"] },
  ville: { name: "Ville Vieras", groups: ["choir"] },
};
const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: "preventio", client_secret: "of the test alone", redirect_uris: [redirect] }],
    scopes: ["openid", "profile", "groups"],
    claims: { openid: ["sub"], profile: ["name"], groups: ["groups"] },
    // What a scope asks for is in the ID token: there the program reads it.
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ["of the test alone"] },
    findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
