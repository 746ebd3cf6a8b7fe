// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"context"

	"jamibox/enroll/audit"
	"jamibox/enroll/directory/sync"
	"jamibox/enroll/group"
)

// newSync returns the synchronisation of the directories.
func (s *Server) newSync(groups *group.Service, log *audit.Log) *sync.Job {
	return sync.New(sync.Options{
		Store: s.o.Store, Directories: s.synchronized, Accounts: s.accounts, Devices: s.devices, Admission: groups,
		Keys: s.keys.Full, Audit: log, Logger: s.o.Logger,
	})
}

// synchronized returns the directories as the synchronisation sees them.
func (s *Server) synchronized() []sync.Directory {
	var list []sync.Directory
	for _, d := range s.sources.Directories() {
		list = append(list, sync.Directory{ID: d.ID, Name: d.Name, Config: d.Config, ChangedAt: d.ChangedAt, Reader: d.Client})
	}
	return list
}

// SyncStates returns how far the enabled directories are in step.
func (s *Server) SyncStates(ctx context.Context) ([]sync.State, error) { return s.sync.States(ctx) }
