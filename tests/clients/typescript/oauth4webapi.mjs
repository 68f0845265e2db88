// oauth4webapi through one feature of an authorization server: every request and every answer on its own.
import assert from "node:assert/strict";
import * as oauth from "oauth4webapi";
import { open, run, settings, wait } from "./conversation.mjs";

const { issuer, client_id, client_secret, redirect_uri, post_logout_redirect_uri, resource, scope } = settings;

const insecure = { [oauth.allowInsecureRequests]: true };
const identifier = new URL(issuer);
const discovered = await oauth.discoveryRequest(identifier, { algorithm: "oauth2", ...insecure });
const as = await oauth.processDiscoveryResponse(identifier, discovered);
const client = { client_id };
const authentication = client_secret ? oauth.ClientSecretPost(client_secret) : oauth.None();

const optional = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));

// Asks, and once more if it is told a DPoP nonce.
const once = async (ask, read) => {
  try {
    return await read(await ask());
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
    return read(await ask());
  }
};

const makeDPoP = async () => oauth.DPoP(client, await oauth.generateKeyPair("ES256"));

const push = async (parameters, DPoP) => {
  const pushed = await once(
    () => oauth.pushedAuthorizationRequest(as, client, authentication, parameters, { DPoP, ...insecure }),
    (answer) => oauth.processPushedAuthorizationResponse(as, client, answer),
  );
  return { client_id, request_uri: pushed.request_uri };
};

const signIn = async ({ isPushed = false, DPoP } = {}) => {
  const verifier = oauth.generateRandomCodeVerifier();
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()];
  const parameters = optional({
    client_id, redirect_uri, scope, resource, state, nonce, response_type: "code",
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256",
    dpop_jkt: await DPoP?.calculateThumbprint(),
  });
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams(isPushed ? await push(parameters, DPoP) : parameters);
  const answered = oauth.validateAuthResponse(as, client, await open(url), state);
  return once(
    () => oauth.authorizationCodeGrantRequest(as, client, authentication, answered, redirect_uri, verifier, { DPoP, ...insecure }),
    async (answer) => {
      const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer, {
        expectedNonce: nonce, requireIdToken: true,
      });
      await oauth.validateApplicationLevelSignature(as, answer, insecure);
      return { ...tokens, claims: oauth.getValidatedIdTokenClaims(tokens) };
    },
  );
};

const refresh = (refreshToken, DPoP) =>
  once(
    () => oauth.refreshTokenGrantRequest(as, client, authentication, refreshToken, { DPoP, ...insecure }),
    (answer) => oauth.processRefreshTokenResponse(as, client, answer),
  );

const userInfo = (accessToken, sub, DPoP) =>
  once(
    () => oauth.userInfoRequest(as, client, accessToken, { DPoP, ...insecure }),
    (answer) => oauth.processUserInfoResponse(as, client, sub, answer),
  );

const isRefused = async (request, code) => {
  const refusal = await request.then(() => undefined, (error) => error);
  assert(refusal, "it was not refused");
  assert.equal(refusal.error ?? refusal.cause?.[0]?.parameters?.error, code, refusal);
};

await run({
  code: async () => {
    const tokens = await signIn();
    assert.equal(tokens.token_type, "bearer");
    assert.equal(tokens.claims.aud, client_id);
  },
  refresh: async () => {
    const tokens = await signIn();
    const renewed = await refresh(tokens.refresh_token);
    const live = renewed.refresh_token ?? tokens.refresh_token;
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, authentication, live, insecure));
    await isRefused(refresh(live), "invalid_grant");
  },
  device: async () => {
    const asked = await oauth.deviceAuthorizationRequest(as, client, authentication, optional({ scope, resource }), insecure);
    const started = await oauth.processDeviceAuthorizationResponse(as, client, asked);
    const poll = async () => {
      const answer = await oauth.deviceCodeGrantRequest(as, client, authentication, started.device_code, insecure);
      return oauth.processDeviceCodeResponse(as, client, answer);
    };
    await isRefused(poll(), "authorization_pending");
    await isRefused(poll(), "slow_down");
    await open(started.verification_uri_complete);
    await wait((started.interval ?? 5) + 5);
    const tokens = await poll();
    assert.equal(tokens.token_type, "bearer");
    await isRefused(poll(), "invalid_grant");
  },
  par: async () => {
    const tokens = await signIn({ isPushed: true });
    assert.equal(tokens.token_type, "bearer");
  },
  dpop: async () => {
    const DPoP = await makeDPoP();
    const tokens = await signIn({ DPoP });
    assert.equal(tokens.token_type, "dpop");
    const renewed = await refresh(tokens.refresh_token, DPoP);
    assert.equal(renewed.token_type, "dpop");
    assert.equal((await userInfo(renewed.access_token, tokens.claims.sub, DPoP)).sub, tokens.claims.sub);
    await isRefused(userInfo(renewed.access_token, tokens.claims.sub), "invalid_token");
    if (!client_secret) {
      const live = renewed.refresh_token ?? tokens.refresh_token;
      await isRefused(refresh(live, await makeDPoP()), "invalid_grant");
    }
  },
  userinfo: async () => {
    const tokens = await signIn();
    const person = await userInfo(tokens.access_token, tokens.claims.sub);
    assert.equal(person.name, "Alice");
    assert.equal(person.email, "alice@example.com");
  },
  logout: async () => {
    const tokens = await signIn();
    const url = new URL(as.end_session_endpoint);
    url.search = new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri, state: "bye" });
    assert.equal((await open(url)).href, `${post_logout_redirect_uri}?state=bye`);
    const silent = new URL(as.authorization_endpoint);
    silent.search = new URLSearchParams(optional({
      client_id, redirect_uri, scope, resource, response_type: "code", prompt: "none", code_challenge_method: "S256",
      code_challenge: await oauth.calculatePKCECodeChallenge(oauth.generateRandomCodeVerifier()),
    }));
    assert.equal((await open(silent)).searchParams.get("error"), "login_required");
  },
});
