-- What the ID token repeats (OpenID Connect Core §2), and the key that the code is for (RFC 9449 §10).
alter table authorization_codes
    add column nonce    text,
    add column dpop_jkt text,
    add constraint authorization_codes_nonce_check check (octet_length(nonce) <= 4096) not valid,
    add constraint authorization_codes_dpop_jkt_check check (octet_length(dpop_jkt) = 43) not valid;
