// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"context"

	"github.com/go-ldap/ldap/v3"

	"jamibox/enroll/directory/source"
)

// Search returns at most limit of the people whom a filter finds (made by
// source.Config.SearchFilter), and whether these are all. What a limit of the
// server's cuts off is no error.
func (c *Client) Search(ctx context.Context, filter string, limit int) (entries []*ldap.Entry, complete bool, err error) {
	err = c.with(ctx, nil, func(cn *conn) error {
		entries, complete = nil, true
		where, err := c.arrange(cn)
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, base := range where.cfg.Bases {
			// One more tells whether there are more.
			result, err := cn.search(c.request(where, base, filter, c.cfg.Attributes(), limit+1))
			for _, e := range result.Entries {
				if dn := source.FoldDN(e.DN); !seen[dn] {
					seen[dn] = true
					entries = append(entries, e)
				}
			}
			switch {
			case err == nil:
			case isSizeLimit(err), limited(err) && len(entries) > 0:
				complete = false
			default:
				return c.judge(cn.server, "searching \""+base+"\"", err)
			}
		}
		if len(entries) > limit {
			entries, complete = entries[:limit], false
		}
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	return entries, complete, nil
}
