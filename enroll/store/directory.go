// SPDX-License-Identifier: GPL-3.0-or-later

package store

import "time"

// DirectoryEntry is a person as the last synchronisation saw the source, with
// or without an account here.
type DirectoryEntry struct {
	ID           int64
	SourceID     int64
	ExternalID   string
	DN           string
	Username     string
	Folded       string
	FirstName    string
	LastName     string
	DisplayName  string
	Emails       string
	Phones       string
	Organization string
	Department   string
	Title        string
	SearchText   string
	State        string
	StateReason  string
	PictureHash  string
	Digest       []byte
	// UserID is the account of the person here; nil: none.
	UserID *int64
	SeenAt time.Time
	// MissingSince is when a complete synchronisation first missed the person.
	MissingSince *time.Time
	// Problem says why the person cannot have an account; empty: nothing does.
	Problem string
}

// DirectoryGroup is a group of a source. Its key is the stable id, or the
// folded DN where the source has none.
type DirectoryGroup struct {
	SourceID int64  `gorm:"primaryKey"`
	GroupKey string `gorm:"primaryKey"`
	DN       string
	Name     string
}

// EntryGroup says that a person of a source is in a group of it, also by way
// of other groups.
type EntryGroup struct {
	SourceID   int64  `gorm:"primaryKey"`
	ExternalID string `gorm:"primaryKey"`
	GroupKey   string `gorm:"primaryKey"`
}

// Group is a group of jamibox itself.
type Group struct {
	ID          int64
	Name        string
	Folded      string
	Description string
	MayEnrol    bool
	// DeviceLimit is how many devices a member may have; 0: no limit.
	DeviceLimit int
	// Finds is a JSON list of the ids of the groups whose members this group's
	// members may find; empty: everyone.
	Finds string
	// Shows is a JSON list of the fields that clients see of members; empty: all.
	Shows string
	// PolicyID is the policy that members are given; nil: none.
	PolicyID  *int64
	CreatedAt time.Time
	ChangedAt time.Time
}

// GroupMember is a user that was put into a group by hand.
type GroupMember struct {
	GroupID int64 `gorm:"primaryKey"`
	UserID  int64 `gorm:"primaryKey"`
}

// GroupMapping makes the people of a directory group members of a group here.
type GroupMapping struct {
	GroupID  int64  `gorm:"primaryKey"`
	SourceID int64  `gorm:"primaryKey"`
	GroupKey string `gorm:"primaryKey"`
	// Display is the directory group's name when it was mapped.
	Display string
}

// SyncRun is one run of the synchronisation of a source.
type SyncRun struct {
	ID        int64
	SourceID  int64
	StartedAt time.Time
	EndedAt   *time.Time
	Dry       bool
	Complete  bool
	Outcome   string
	// Report is JSON.
	Report string
}
