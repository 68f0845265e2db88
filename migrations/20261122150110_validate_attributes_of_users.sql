alter table users validate constraint users_attributes_check;
alter table users validate constraint users_password_scheme_check;
