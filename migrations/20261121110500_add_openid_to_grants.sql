-- The browser session that a grant was made in, which is the `sid` of its ID tokens: signing out tells the
-- clients of that session. Not a reference: the session goes, the grant stays. And how the person signed in.
alter table grants
    add column session_id uuid,
    add column acr        text,
    add constraint grants_acr_check check (octet_length(acr) between 1 and 200) not valid;
