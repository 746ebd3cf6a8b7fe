-- SPDX-License-Identifier: GPL-3.0-or-later

CREATE TABLE sources (
	id              INTEGER PRIMARY KEY AUTOINCREMENT,
	name            TEXT NOT NULL,
	folded          TEXT NOT NULL UNIQUE,
	position        INTEGER NOT NULL,
	kind            TEXT NOT NULL,
	enabled         INTEGER NOT NULL,
	config          TEXT NOT NULL,
	sealed_password BLOB,
	created_at      DATETIME NOT NULL,
	changed_at      DATETIME NOT NULL
);
INSERT INTO sources (name, folded, position, kind, enabled, config, created_at, changed_at)
VALUES ('local', 'local', 1, 'local', 1, '{"kind":"local"}', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'), strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'));
ALTER TABLE users ADD COLUMN source_id INTEGER REFERENCES sources (id);
ALTER TABLE users ADD COLUMN external_id TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN display_name TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN department TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN mobile TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN barred_at DATETIME;
ALTER TABLE users ADD COLUMN barred_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE pictures ADD COLUMN origin BLOB;
CREATE UNIQUE INDEX users_source ON users (source_id, external_id) WHERE external_id <> '';
CREATE INDEX users_barred ON users (barred_at) WHERE barred_at IS NOT NULL;
-- Clients search each source by itself, so that its people come in its place.
DROP INDEX users_search;
CREATE INDEX users_search ON users (source_id, folded, state, barred_at, search_text);
-- Phone numbers are also found by their digits alone.
UPDATE users SET search_text = search_text || char(10) ||
	replace(replace(replace(replace(replace(replace(replace(phone, ' ', ''), '-', ''), '.', ''), '/', ''), '(', ''), ')', ''), '+', '')
WHERE phone <> '';
CREATE TABLE former_names (
	folded  TEXT PRIMARY KEY,
	user_id INTEGER NOT NULL REFERENCES users (id)
);
CREATE TABLE directory_entries (
	id            INTEGER PRIMARY KEY AUTOINCREMENT,
	source_id     INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
	external_id   TEXT NOT NULL,
	dn            TEXT NOT NULL,
	username      TEXT NOT NULL,
	folded        TEXT NOT NULL,
	first_name    TEXT NOT NULL,
	last_name     TEXT NOT NULL,
	display_name  TEXT NOT NULL,
	emails        TEXT NOT NULL,
	phones        TEXT NOT NULL,
	organization  TEXT NOT NULL,
	department    TEXT NOT NULL,
	title         TEXT NOT NULL,
	search_text   TEXT NOT NULL,
	state         TEXT NOT NULL,
	state_reason  TEXT NOT NULL,
	picture_hash  TEXT NOT NULL,
	digest        BLOB NOT NULL,
	user_id       INTEGER REFERENCES users (id),
	seen_at       DATETIME NOT NULL,
	missing_since DATETIME,
	problem       TEXT NOT NULL,
	UNIQUE (source_id, external_id)
);
CREATE INDEX directory_entries_folded ON directory_entries (folded);
CREATE INDEX directory_entries_user ON directory_entries (user_id);
CREATE TABLE directory_groups (
	source_id INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
	group_key TEXT NOT NULL,
	dn        TEXT NOT NULL,
	name      TEXT NOT NULL,
	PRIMARY KEY (source_id, group_key)
);
CREATE TABLE entry_groups (
	source_id   INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
	external_id TEXT NOT NULL,
	group_key   TEXT NOT NULL,
	PRIMARY KEY (source_id, external_id, group_key)
) WITHOUT ROWID;
CREATE INDEX entry_groups_group ON entry_groups (source_id, group_key);
CREATE TABLE groups (
	id           INTEGER PRIMARY KEY AUTOINCREMENT,
	name         TEXT NOT NULL,
	folded       TEXT NOT NULL UNIQUE,
	description  TEXT NOT NULL,
	may_enrol    INTEGER NOT NULL DEFAULT 1,
	device_limit INTEGER NOT NULL DEFAULT 0,
	finds        TEXT NOT NULL DEFAULT '',
	shows        TEXT NOT NULL DEFAULT '',
	created_at   DATETIME NOT NULL,
	changed_at   DATETIME NOT NULL
);
CREATE TABLE group_members (
	group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
	user_id  INTEGER NOT NULL REFERENCES users (id),
	PRIMARY KEY (group_id, user_id)
) WITHOUT ROWID;
CREATE INDEX group_members_user ON group_members (user_id);
CREATE TABLE group_mappings (
	group_id  INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
	source_id INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
	group_key TEXT NOT NULL,
	display   TEXT NOT NULL,
	PRIMARY KEY (group_id, source_id, group_key)
) WITHOUT ROWID;
CREATE INDEX group_mappings_group ON group_mappings (source_id, group_key);
CREATE TABLE sync_runs (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	source_id  INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
	started_at DATETIME NOT NULL,
	ended_at   DATETIME,
	dry        INTEGER NOT NULL,
	complete   INTEGER NOT NULL,
	outcome    TEXT NOT NULL,
	report     TEXT NOT NULL
);
CREATE INDEX sync_runs_source ON sync_runs (source_id, id);
