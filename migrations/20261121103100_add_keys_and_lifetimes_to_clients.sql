-- Public keys of clients that sign assertions, lifetimes of their own, and the token that a registered client
-- manages itself with (RFC 7592): a digest under a server pepper.
alter table clients
    add column jwks                         jsonb,
    add column jwks_uri                     text,
    add column assertion_algorithm          text,
    add column refresh_idle_lifetime        integer,
    add column refresh_absolute_lifetime    integer,
    add column registration_token_digest    bytea,
    add column registration_token_pepper_id smallint,
    add constraint clients_jwks_check
        check (jwks is null or (jsonb_typeof(jwks) = 'object' and jwks_uri is null)) not valid,
    add constraint clients_jwks_uri_check
        check (octet_length(jwks_uri) between 1 and 2048) not valid,
    add constraint clients_assertion_algorithm_check
        check (assertion_algorithm in ('RS256', 'PS256', 'ES256', 'EdDSA')) not valid,
    add constraint clients_refresh_idle_lifetime_check check (refresh_idle_lifetime > 0) not valid,
    add constraint clients_refresh_absolute_lifetime_check check (refresh_absolute_lifetime > 0) not valid,
    add constraint clients_registration_token_digest_check
        check (octet_length(registration_token_digest) = 32) not valid,
    add constraint clients_registration_token_check
        check ((registration_token_digest is null) = (registration_token_pepper_id is null)) not valid;
