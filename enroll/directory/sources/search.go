// SPDX-License-Identifier: GPL-3.0-or-later

package sources

import (
	"context"

	"jamibox/enroll/directory/source"
)

// Search returns at most limit people of a directory in whose entry each word
// occurs. Entries that can be nobody are left out. Errors: those of
// ldapclient.Client.Search.
func (r *Registry) Search(ctx context.Context, d Directory, words []string, limit int) ([]source.Person, error) {
	entries, _, err := d.Client.Search(ctx, d.Config.SearchFilter(words), limit)
	// A search that nobody waits for any more says nothing about the directory.
	if ctx.Err() == nil {
		r.Note(d.ID, err)
	}
	if err != nil {
		return nil, err
	}
	var people []source.Person
	for _, e := range entries {
		if p, err := d.Config.Person(e, r.now()); err == nil {
			people = append(people, p)
		}
	}
	return people, nil
}
