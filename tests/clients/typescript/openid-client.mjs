// openid-client through one feature of an authorization server, as its documentation shows it.
import assert from "node:assert/strict";
import * as client from "openid-client";
import { open, run, settings } from "./conversation.mjs";

const { issuer, client_id, client_secret, redirect_uri, post_logout_redirect_uri, resource, scope } = settings;

const authentication = client_secret ? client.ClientSecretBasic(client_secret) : client.None();
const config = await client.discovery(new URL(issuer), client_id, undefined, authentication, {
  execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks],
});

const optional = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

const signIn = async ({ isPushed = false, DPoP } = {}) => {
  const verifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const parameters = optional({
    redirect_uri, scope, resource, state: expectedState, nonce: expectedNonce, max_age: "600",
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
  });
  const url = isPushed
    ? await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
    : client.buildAuthorizationUrl(config, parameters);
  if (isPushed) assert.deepEqual([...url.searchParams.keys()].sort(), ["client_id", "request_uri"]);
  const checks = { pkceCodeVerifier: verifier, expectedState, expectedNonce, maxAge: 600, idTokenExpected: true };
  return client.authorizationCodeGrant(config, await open(url), checks, undefined, { DPoP });
};

const refresh = async (tokens, options) => {
  const renewed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, options);
  assert.notEqual(renewed.access_token, tokens.access_token);
  assert.equal(renewed.claims().sub, tokens.claims().sub);
  return { ...renewed, claims: renewed.claims, refresh_token: renewed.refresh_token ?? tokens.refresh_token };
};

const isRefused = async (request, code) => {
  const refusal = await request.then(() => undefined, (error) => error);
  assert(refusal, "it was not refused");
  assert.equal(refusal.error ?? refusal.cause?.[0]?.parameters?.error, code, refusal);
};

await run({
  code: async () => {
    const tokens = await signIn();
    assert.equal(tokens.token_type, "bearer");
    assert.equal(tokens.claims().aud, client_id);
    assert(tokens.scope.split(" ").includes("openid"), tokens.scope);
  },
  refresh: async () => {
    const first = await refresh(await signIn());
    const second = await refresh(first);
    await client.tokenRevocation(config, second.refresh_token);
    await isRefused(refresh(second), "invalid_grant");
  },
  device: async () => {
    const started = await client.initiateDeviceAuthorization(config, optional({ scope, resource }));
    assert.match(started.user_code, /^[A-Z]{4}-[A-Z]{4}$/);
    const polling = client.pollDeviceAuthorizationGrant(config, started);
    await open(started.verification_uri_complete);
    const tokens = await polling;
    assert.equal(tokens.token_type, "bearer");
    await refresh(tokens);
  },
  par: async () => {
    const tokens = await signIn({ isPushed: true });
    assert.equal(tokens.token_type, "bearer");
  },
  dpop: async () => {
    // The library tries again by itself when it is told a nonce.
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
    const tokens = await signIn({ isPushed: true, DPoP });
    assert.equal(tokens.token_type, "dpop");
    const { sub } = tokens.claims();
    const renewed = await refresh(tokens, { DPoP });
    assert.equal(renewed.token_type, "dpop");
    assert.equal((await client.fetchUserInfo(config, renewed.access_token, sub, { DPoP })).sub, sub);
    await isRefused(client.fetchUserInfo(config, renewed.access_token, sub), "invalid_token");
    if (!client_secret) {
      const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));
      await isRefused(refresh(renewed, { DPoP: other }), "invalid_grant");
    }
  },
  userinfo: async () => {
    const tokens = await signIn();
    const person = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    assert.equal(person.name, "Alice");
    assert.equal(person.email, "alice@example.com");
  },
  logout: async () => {
    const tokens = await signIn();
    const state = client.randomState();
    const ended = await open(
      client.buildEndSessionUrl(config, { post_logout_redirect_uri, id_token_hint: tokens.id_token, state }),
    );
    assert.equal(ended.href, `${post_logout_redirect_uri}?state=${state}`);
    const silent = await open(client.buildAuthorizationUrl(config, optional({
      redirect_uri, scope, resource, prompt: "none", code_challenge_method: "S256",
      code_challenge: await client.calculatePKCECodeChallenge(client.randomPKCECodeVerifier()),
    })));
    assert.equal(silent.searchParams.get("error"), "login_required", silent.href);
  },
});
