// SPDX-License-Identifier: GPL-3.0-or-later

package main

// becomeOwner does nothing here: access goes by the folder's access list.
func becomeOwner(string) error { return nil }
