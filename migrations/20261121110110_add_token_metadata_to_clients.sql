-- What a client asks of its own tokens and requests (RFC 9449 §5.2, RFC 9126 §6), and where it is told of sign-outs
-- (OpenID Connect RP-Initiated Logout §3.1, Back-Channel Logout §2.2).
alter table clients
    add column is_dpop_bound                   boolean not null default false,
    add column is_par_required                 boolean not null default false,
    add column post_logout_redirect_uris       text[]  not null default '{}',
    add column backchannel_logout_uri          text,
    add column is_backchannel_session_required boolean not null default false,
    add column id_token_algorithm              text,
    add constraint clients_backchannel_logout_uri_check
        check (octet_length(backchannel_logout_uri) between 1 and 2048) not valid,
    add constraint clients_id_token_algorithm_check
        check (id_token_algorithm in ('RS256', 'PS256', 'ES256', 'EdDSA')) not valid;
