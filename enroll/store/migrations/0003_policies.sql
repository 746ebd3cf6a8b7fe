-- SPDX-License-Identifier: GPL-3.0-or-later

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
ALTER TABLE groups ADD COLUMN policy_id INTEGER REFERENCES policies (id);
CREATE INDEX groups_policy ON groups (policy_id);
