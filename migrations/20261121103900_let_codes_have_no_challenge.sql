-- A code of a client that authenticates, where the tenant tolerates that it leaves PKCE out, has no
-- challenge. Servers of before refuse to read such a row.
alter table authorization_codes alter column code_challenge drop not null;
