-- What was asked for in vain when the grant was made: whoever asks for that again has lost its tokens,
-- whoever asks for something else in vain goes round in circles.
alter table grants add column refused_scopes text[] not null default '{}';
