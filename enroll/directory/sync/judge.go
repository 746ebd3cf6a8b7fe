// SPDX-License-Identifier: GPL-3.0-or-later

package sync

import "fmt"

// most is how many accounts may be barred at once whatever share they are, where
// everybody would be: below this a small site would never be rid of anybody.
const most = 2

// census is what a run would do.
type census struct {
	// people were read, bars of the accounts would be barred.
	people, accounts, bars int
	// changed is set unless the last good run went by the same configuration.
	changed bool
}

// incredible says why a run must not bar as many accounts as it would; "" if it
// may. A wrong filter, an emptied branch and a server with other ids look just
// like people who left. An administrator can accept that some have, but not
// everybody.
func (s Settings) incredible(c census, accepted bool) string {
	share := c.bars*100 > s.AlarmPercent*c.accounts
	switch {
	case c.bars == 0:
		return ""
	case c.people == 0:
		return fmt.Sprintf("the directory shows nobody at all, and %d accounts would be barred; "+
			"if it is to be given up, remove the source and disable the users", c.bars)
	case accepted:
		return ""
	case c.changed && share:
		return fmt.Sprintf("the configuration is new, and by it %d of %d accounts would be barred", c.bars, c.accounts)
	case c.bars > s.AlarmAccounts && share:
		return fmt.Sprintf("%d of %d accounts would be barred, more than %d and more than %d %%",
			c.bars, c.accounts, s.AlarmAccounts, s.AlarmPercent)
	case c.bars > most && 2*c.bars > c.accounts:
		return fmt.Sprintf("%d of %d accounts would be barred, more than half", c.bars, c.accounts)
	}
	return ""
}
