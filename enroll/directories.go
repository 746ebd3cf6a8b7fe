// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"context"

	"jamibox/enroll/directory"
	"jamibox/enroll/directory/source"
	"jamibox/enroll/directory/sources"
)

// searchable lets the search ask the directories.
type searchable struct{ registry *sources.Registry }

// Sources returns the enabled directories.
func (s searchable) Sources(context.Context) []directory.LiveSource {
	var list []directory.LiveSource
	for _, d := range s.registry.Directories() {
		list = append(list, directory.LiveSource{ID: d.ID, Name: d.Name,
			Search: func(ctx context.Context, words []string, limit int) ([]source.Person, error) {
				return s.registry.Search(ctx, d, words, limit)
			},
		})
	}
	return list
}

func (s *Server) closeSources() {
	if err := s.sources.Close(); err != nil {
		s.o.Logger.Warn("closing directory connections", "err", err)
	}
}
