-- Where the last rotation was asked for: whether a spent token that comes again comes from the same place.
alter table refresh_families add column rotated_from inet;
