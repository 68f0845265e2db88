// The admin API through a client that @hey-api/openapi-ts generated from its document: makes a tenant with resources
// clients and a policy, and prints what it has. One JSON argument: `adminUrl`, `adminKey`, `slug`.

import {
  createClient as createOAuthClient,
  createClientSecret,
  createPolicyVersion,
  createResource,
  createResourceCredential,
  createTenant,
  findTenant,
  listClients,
  updateClient,
  updateTenant,
} from "./generated/index.js";
import { createClient } from "./generated/client/index.js";
import type { Client, Problem, Resource, Tenant } from "./generated/index.js";

const { adminUrl, adminKey, slug }: { adminUrl: string; adminKey: string; slug: string } = JSON.parse(process.argv[2]!);
const client = createClient({ baseUrl: adminUrl, auth: adminKey });
const path = { tenant: slug };

/** What was answered; a refusal says in words what to do. */
function done<Data>(answer: { data?: Data; error?: Problem }): NonNullable<Data> {
  if (answer.error) throw new Error(`${answer.error.detail} (${answer.error.error_id})`);
  if (answer.data == null) throw new Error("an answer without a body");
  return answer.data;
}

const tenant: Tenant = done(await createTenant({ client, body: { slug, display_name: "Typed", signing_algorithm: "ES256" } }));

const resource: Resource = done(
  await createResource({
    client,
    path,
    body: {
      identifier: `https://notes.${slug}.example/mcp`,
      name: "Notes",
      scopes: [
        { name: "notes:read", description: "Read your notes", default: true },
        { name: "notes:write", description: "Change your notes" },
      ],
    },
  }),
);
done(await createResource({ client, path, body: { identifier: `https://files.${slug}.example/mcp`, name: "Files" } }));
const credential = done(await createResourceCredential({ client, path: { ...path, id: resource.id }, body: {} }));

const desktop = done(
  await createOAuthClient({
    client,
    path,
    body: {
      client_name: "Notes for the desktop",
      redirect_uris: ["http://127.0.0.1/callback"],
      token_endpoint_auth_method: "none",
    },
  }),
);
const service = done(
  await createOAuthClient({
    client,
    path,
    body: {
      client_name: "A nightly job",
      grant_types: ["client_credentials"],
      redirect_uris: [],
      token_endpoint_auth_method: "client_secret_basic",
      resources: [resource.id],
    },
  }),
);
const second = done(await createClientSecret({ client, path: { ...path, id: service.client_id }, body: {} }));

const renamed: Client = done(
  await updateClient({ client, path: { ...path, id: desktop.client_id }, body: { client_name: "Notes" } }),
);
done(await updateTenant({ client, path, body: { default_resource: resource.id } }));

const policies = done(
  await createPolicyVersion({
    client,
    path,
    body: {
      text: `@id("everything") @description("Whatever the resources offer.") permit (principal, action, resource);`,
      note: "a first draft",
    },
  }),
);

/** Every page of the clients, one after the other. */
async function* clients(): AsyncGenerator<Client> {
  let cursor: string | null | undefined;
  do {
    const page = done(await listClients({ client, path, query: cursor ? { limit: 1, cursor } : { limit: 1 } }));
    yield* page.data;
    cursor = page.next_cursor;
  } while (cursor);
}
const listed: string[] = [];
for await (const found of clients()) listed.push(found.client_id);

const refused = await createTenant({ client, body: { slug, display_name: "Again" } });

console.log(
  JSON.stringify({
    issuer: done(await findTenant({ client, path })).issuer,
    sameIssuer: tenant.issuer,
    defaultResource: done(await findTenant({ client, path })).default_resource,
    resource: resource.id,
    audience: resource.identifier,
    introspection: { client_id: credential.client_id, client_secret: credential.client_secret },
    service: { client_id: service.client_id, client_secret: second.client_secret },
    created: [desktop.client_id, service.client_id].sort(),
    listed: listed.sort(),
    name: renamed.client_name,
    policies: policies.policies.map((policy) => policy.id),
    refusal: { status: refused.error?.status, type: refused.error?.type },
  }),
);
