-- The key that a public client's refresh token is bound to (RFC 9449 §5).
alter table refresh_families
    add column dpop_jkt text,
    add constraint refresh_families_dpop_jkt_check check (octet_length(dpop_jkt) = 43) not valid;
