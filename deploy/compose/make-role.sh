#!/bin/sh
# Run once by the PostgreSQL image. Row security binds no superuser, so Writ gets a role that is none:
# it owns its database, and may make the roles that `writ migrate` grants.
set -eu
psql --username postgres --set=ON_ERROR_STOP=1 --set=password="$WRIT_DATABASE_PASSWORD" <<'SQL'
create role writ login createrole password :'password';
create database writ owner writ;
SQL
