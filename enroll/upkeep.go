// SPDX-License-Identifier: GPL-3.0-or-later

package enroll

import (
	"context"
	"time"
)

const (
	upkeepEvery = 10 * time.Minute
	keptEvents  = 500_000
)

// upkeep drops what has ended, so that the database does not grow for ever.
func (s *Server) upkeep(ctx context.Context) error {
	ticker := time.NewTicker(upkeepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-ticker.C:
			if err := s.o.Store.DeleteExpiredTokens(ctx, now); err != nil {
				s.o.Logger.Error("dropping expired tokens", "err", err)
			}
			if err := s.o.Store.PruneAudit(ctx, keptEvents); err != nil {
				s.o.Logger.Error("pruning the audit log", "err", err)
			}
		}
	}
}
