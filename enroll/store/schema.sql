-- SPDX-License-Identifier: GPL-3.0-or-later
-- The schema after all migrations; go test ./enroll/store -update writes it anew.

CREATE TABLE account_keys (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	bits       INTEGER NOT NULL,
	sealed_key BLOB NOT NULL
);

CREATE TABLE accounts (
	user_id            INTEGER PRIMARY KEY REFERENCES users (id),
	sealed_key         BLOB NOT NULL,
	certificate        BLOB NOT NULL,
	serial             TEXT NOT NULL UNIQUE,
	not_after          DATETIME NOT NULL,
	revoked_at         DATETIME
);

CREATE TABLE administrator_sessions (
	token_hash       BLOB PRIMARY KEY,
	administrator_id INTEGER NOT NULL REFERENCES administrators (id) ON DELETE CASCADE,
	created_at       DATETIME NOT NULL,
	expires_at       DATETIME NOT NULL
);

CREATE TABLE administrators (
	id            INTEGER PRIMARY KEY AUTOINCREMENT,
	name          TEXT NOT NULL,
	folded        TEXT NOT NULL UNIQUE,
	password_hash TEXT NOT NULL,
	created_at    DATETIME NOT NULL
);

CREATE TABLE audit (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	at     DATETIME NOT NULL,
	actor  TEXT NOT NULL,
	action TEXT NOT NULL,
	target TEXT NOT NULL,
	remote TEXT NOT NULL,
	detail TEXT NOT NULL
);

CREATE TABLE certificates (
	id            INTEGER PRIMARY KEY AUTOINCREMENT,
	device_row    INTEGER NOT NULL REFERENCES devices (id),
	serial        TEXT NOT NULL UNIQUE,
	fingerprint   BLOB NOT NULL UNIQUE,
	der           BLOB NOT NULL,
	not_after     DATETIME NOT NULL,
	issued_at     DATETIME NOT NULL,
	used_at       DATETIME,
	superseded_at DATETIME
);

CREATE TABLE devices (
	id                INTEGER PRIMARY KEY AUTOINCREMENT,
	user_id           INTEGER NOT NULL REFERENCES users (id),
	device_id         TEXT NOT NULL UNIQUE,
	short_id          TEXT NOT NULL,
	alias             TEXT NOT NULL,
	user_agent        TEXT NOT NULL,
	remote            TEXT NOT NULL,
	created_at        DATETIME NOT NULL,
	last_seen_at      DATETIME NOT NULL,
	not_after         DATETIME NOT NULL,
	replaced_at       DATETIME,
	revoked_at        DATETIME,
	revocation_reason INTEGER NOT NULL
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

CREATE TABLE former_names (
	folded  TEXT PRIMARY KEY,
	user_id INTEGER NOT NULL REFERENCES users (id)
);

CREATE TABLE group_mappings (
	group_id  INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
	source_id INTEGER NOT NULL REFERENCES sources (id) ON DELETE CASCADE,
	group_key TEXT NOT NULL,
	display   TEXT NOT NULL,
	PRIMARY KEY (group_id, source_id, group_key)
) WITHOUT ROWID;

CREATE TABLE group_members (
	group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
	user_id  INTEGER NOT NULL REFERENCES users (id),
	PRIMARY KEY (group_id, user_id)
) WITHOUT ROWID;

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
, policy_id INTEGER REFERENCES policies (id));

CREATE TABLE `migrations` (`id` text,PRIMARY KEY (`id`));

CREATE TABLE pictures (
	user_id INTEGER PRIMARY KEY REFERENCES users (id),
	data    BLOB NOT NULL
, origin BLOB);

CREATE TABLE policies (
	id          INTEGER PRIMARY KEY AUTOINCREMENT,
	name        TEXT NOT NULL,
	folded      TEXT NOT NULL UNIQUE,
	description TEXT NOT NULL,
	priority    INTEGER NOT NULL,
	settings    TEXT NOT NULL,
	created_at  DATETIME NOT NULL,
	changed_at  DATETIME NOT NULL
);

CREATE TABLE revocation_lists (
	issuer      TEXT PRIMARY KEY,
	number      INTEGER NOT NULL,
	der         BLOB NOT NULL,
	next_update DATETIME NOT NULL,
	stale       INTEGER NOT NULL
);

CREATE TABLE settings (
	name       TEXT PRIMARY KEY,
	value      BLOB NOT NULL,
	changed_at DATETIME NOT NULL
);

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

CREATE TABLE synced_entries (
	user_id    INTEGER NOT NULL REFERENCES users (id),
	kind       TEXT NOT NULL,
	entry_key  TEXT NOT NULL,
	body       TEXT NOT NULL,
	changed_at DATETIME NOT NULL,
	PRIMARY KEY (user_id, kind, entry_key)
);

CREATE TABLE tokens (
	token_hash         BLOB PRIMARY KEY,
	user_id            INTEGER NOT NULL REFERENCES users (id),
	device_row         INTEGER REFERENCES devices (id),
	scope              TEXT NOT NULL,
	expires_at         DATETIME NOT NULL,
	conversations_seen INTEGER NOT NULL
);

CREATE TABLE users (
	id            INTEGER PRIMARY KEY AUTOINCREMENT,
	account_id    TEXT NOT NULL UNIQUE CHECK (length(account_id) = 40),
	username      TEXT NOT NULL,
	folded        TEXT NOT NULL UNIQUE,
	state         TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	first_name    TEXT NOT NULL,
	last_name     TEXT NOT NULL,
	email         TEXT NOT NULL,
	phone         TEXT NOT NULL,
	organization  TEXT NOT NULL,
	search_text   TEXT NOT NULL,
	created_at    DATETIME NOT NULL,
	changed_at    DATETIME NOT NULL
, source_id INTEGER REFERENCES sources (id), external_id TEXT NOT NULL DEFAULT '', display_name TEXT NOT NULL DEFAULT '', department TEXT NOT NULL DEFAULT '', title TEXT NOT NULL DEFAULT '', mobile TEXT NOT NULL DEFAULT '', barred_at DATETIME, barred_reason TEXT NOT NULL DEFAULT '');

CREATE INDEX audit_at ON audit (at);

CREATE INDEX certificates_device ON certificates (device_row);

CREATE INDEX devices_user ON devices (user_id, alias, not_after);

CREATE INDEX directory_entries_folded ON directory_entries (folded);

CREATE INDEX directory_entries_user ON directory_entries (user_id);

CREATE INDEX entry_groups_group ON entry_groups (source_id, group_key);

CREATE INDEX group_mappings_group ON group_mappings (source_id, group_key);

CREATE INDEX group_members_user ON group_members (user_id);

CREATE INDEX groups_policy ON groups (policy_id);

CREATE INDEX sync_runs_source ON sync_runs (source_id, id);

CREATE INDEX tokens_device ON tokens (device_row);

CREATE INDEX tokens_expiry ON tokens (expires_at);

CREATE INDEX tokens_user ON tokens (user_id);

CREATE INDEX users_barred ON users (barred_at) WHERE barred_at IS NOT NULL;

CREATE INDEX users_search ON users (source_id, folded, state, barred_at, search_text);

CREATE UNIQUE INDEX users_source ON users (source_id, external_id) WHERE external_id <> '';
