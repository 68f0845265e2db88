-- What the two files before this one added without looking at the rows.
alter table tenants
    validate constraint tenants_signing_algorithm_check,
    validate constraint tenants_signing_key_rotation_interval_check,
    validate constraint tenants_signing_key_lead_check,
    validate constraint tenants_signing_key_wait_check,
    validate constraint tenants_device_authorization_check;
alter table clients
    validate constraint clients_backchannel_logout_uri_check,
    validate constraint clients_id_token_algorithm_check;
