// SPDX-License-Identifier: GPL-3.0-or-later

package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"time"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	modernc "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var (
	// ErrNotFound tells that no row matches.
	ErrNotFound = errors.New("not found")
	// ErrExists tells that a row with the same unique value is there already.
	ErrExists = errors.New("already exists")
	// ErrReference tells that a row refers to one that is not there.
	ErrReference = errors.New("refers to what is not there")
)

// Store is the database. It is safe for concurrent use.
type Store struct {
	write *gorm.DB
	read  *gorm.DB
}

// Open opens the SQLite database at path, makes it if it is absent, and brings
// its schema up to date. An older program refuses a newer schema.
func Open(path string) (*Store, error) {
	write, err := connect(path, false)
	if err != nil {
		return nil, fmt.Errorf("opening database %s: %w", path, err)
	}
	if err := migrate(write); err != nil {
		return nil, errors.Join(fmt.Errorf("bringing database %s up to date: %w", path, err), closeDB(write))
	}
	read, err := connect(path, true)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening database %s for reading: %w", path, err), closeDB(write))
	}
	return &Store{write: write, read: read}, nil
}

// Close flushes and closes the database.
func (s *Store) Close() error {
	return errors.Join(closeDB(s.read), closeDB(s.write))
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.read.WithContext(ctx).Exec("SELECT 1").Error
}

func closeDB(db *gorm.DB) error {
	pool, err := db.DB()
	if err != nil {
		return err
	}
	return pool.Close()
}

// connect opens one pool: a single writer, or several readers that cannot
// write, so that a write through the wrong pool is loud.
func connect(path string, readOnly bool) (*gorm.DB, error) {
	q := url.Values{}
	// busy_timeout comes first: the pragmas after it may have to wait.
	q.Add("_pragma", "busy_timeout(5000)")
	q.Add("_pragma", "journal_mode(WAL)")
	q.Add("_pragma", "foreign_keys(1)")
	q.Add("_pragma", "synchronous(FULL)")
	// Without these the driver writes Go's own time format, and times in
	// different zones would be compared as text.
	q.Add("_time_format", "sqlite")
	q.Add("_timezone", "UTC")
	q.Add("_texttotime", "1")
	q.Add("_inttotime", "1")
	if readOnly {
		q.Add("_pragma", "query_only(1)")
	} else {
		q.Add("_txlock", "immediate")
	}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
	db, err := gorm.Open(
		&dialector{sqlite.Dialector{DriverName: "sqlite", DSN: dsn}},
		&gorm.Config{
			TranslateError:         true,
			PrepareStmt:            true,
			SkipDefaultTransaction: true,
			NowFunc:                func() time.Time { return time.Now().UTC() },
			// Errors travel to the caller, who knows what they mean.
			Logger: logger.Discard,
		})
	if err != nil {
		return nil, err
	}
	pool, err := db.DB()
	if err != nil {
		return nil, err
	}
	if readOnly {
		pool.SetMaxOpenConns(max(4, 2*runtime.NumCPU()))
		pool.SetMaxIdleConns(2)
		pool.SetConnMaxIdleTime(time.Minute)
	} else {
		pool.SetMaxOpenConns(1)
	}
	return db, nil
}

// dialector teaches GORM the error codes of the pure-Go driver, which the
// stock dialector does not know.
type dialector struct{ sqlite.Dialector }

// Translate maps the driver's constraint errors to GORM's.
func (d *dialector) Translate(err error) error {
	var e *modernc.Error
	if errors.As(err, &e) {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return gorm.ErrDuplicatedKey
		case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
			return gorm.ErrForeignKeyViolated
		case sqlite3.SQLITE_CONSTRAINT_CHECK:
			return gorm.ErrCheckConstraintViolated
		}
	}
	return err
}

// own replaces GORM's sentinels by ours, so that callers need not know GORM.
func own(err error) error {
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return ErrNotFound
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return ErrExists
	case errors.Is(err, gorm.ErrForeignKeyViolated):
		return ErrReference
	}
	return err
}

// one returns the single row that a query finds, or ErrNotFound.
func one[T any](db *gorm.DB) (T, error) {
	var row T
	err := own(db.Take(&row).Error)
	return row, err
}

// all returns every row that a query finds.
func all[T any](db *gorm.DB) ([]T, error) {
	var rows []T
	err := db.Find(&rows).Error
	return rows, err
}

// changed turns an update that met no row into ErrNotFound.
func changed(db *gorm.DB) error {
	if db.Error != nil {
		return own(db.Error)
	}
	if db.RowsAffected == 0 {
		return ErrNotFound
	}
	return nil
}

func (s *Store) tx(ctx context.Context, f func(tx *gorm.DB) error) error {
	return own(s.write.WithContext(ctx).Transaction(f))
}
