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

CREATE TABLE `migrations` (`id` text,PRIMARY KEY (`id`));

CREATE TABLE pictures (
	user_id INTEGER PRIMARY KEY REFERENCES users (id),
	data    BLOB NOT NULL
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
);

CREATE INDEX audit_at ON audit (at);

CREATE INDEX certificates_device ON certificates (device_row);

CREATE INDEX devices_user ON devices (user_id, alias, not_after);

CREATE INDEX tokens_device ON tokens (device_row);

CREATE INDEX tokens_expiry ON tokens (expires_at);

CREATE INDEX tokens_user ON tokens (user_id);

CREATE INDEX users_search ON users (folded, state, search_text);
