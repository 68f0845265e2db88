-- A resource server may prove itself by a signed assertion: then it has keys and no secret.
alter table resource_credentials
    add column jwks     jsonb,
    add column jwks_uri text,
    drop constraint resource_credentials_check1,
    add constraint resource_credentials_jwks_check
        check (jwks is null or (jsonb_typeof(jwks) = 'object' and jwks_uri is null)) not valid,
    add constraint resource_credentials_jwks_uri_check
        check (octet_length(jwks_uri) between 1 and 2048) not valid,
    add constraint resource_credentials_proof_check
        check (num_nonnulls(secret_digest, secret_hash, coalesce(jwks_uri, jwks::text)) = 1) not valid;
