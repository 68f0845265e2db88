-- What an operator says about a person, for policies; and what their password's hash was made with, where it came
-- from elsewhere.
alter table users
    -- Names to booleans, whole numbers, texts or lists of texts.
    add column attributes      jsonb not null default '{}',
    -- Null: the hash is as this server makes them, or there is none.
    add column password_scheme text,
    add constraint users_attributes_check
        check (jsonb_typeof(attributes) = 'object' and octet_length(attributes::text) <= 20000) not valid,
    add constraint users_password_scheme_check
        check (password_scheme is null
               or (password_hash is not null and octet_length(password_scheme) between 1 and 80)) not valid;
