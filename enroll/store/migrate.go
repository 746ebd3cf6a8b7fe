// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"embed"
	"errors"
	"fmt"

	"github.com/go-gormigrate/gormigrate/v2"
	"gorm.io/gorm"
)

// ErrNewer tells that a newer version of the program has changed the database.
var ErrNewer = errors.New("it was written by a newer version of jamibox: install that version, or restore a backup made by this one")

//go:embed migrations/*.sql
var migrations embed.FS

// steps lists the migrations in their order. A released step is never edited:
// structs change, history must not, so steps are plain SQL and not AutoMigrate.
var steps = []string{"0001_initial", "0002_directories", "0003_policies"}

func migrate(db *gorm.DB) error {
	list := make([]*gormigrate.Migration, len(steps))
	for i, name := range steps {
		sql, err := migrations.ReadFile("migrations/" + name + ".sql")
		if err != nil {
			return fmt.Errorf("reading step %s: %w", name, err)
		}
		list[i] = &gormigrate.Migration{
			ID:      name,
			Migrate: func(tx *gorm.DB) error { return tx.Exec(string(sql)).Error },
		}
	}
	o := *gormigrate.DefaultOptions
	o.UseTransaction = true
	o.ValidateUnknownMigrations = true
	err := gormigrate.New(db, &o, list).Migrate()
	if errors.Is(err, gormigrate.ErrUnknownPastMigration) {
		return ErrNewer
	}
	return err
}
