-- How the client authenticated when the grant was made: one that keeps less of a secret later gets nothing
-- more from it. Null on grants that are older than the column.
alter table grants
    add column client_auth_method text,
    add constraint grants_client_auth_method_check check (client_auth_method in
        ('none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt')) not valid;
