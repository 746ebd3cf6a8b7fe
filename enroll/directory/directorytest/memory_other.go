// SPDX-License-Identifier: GPL-3.0-or-later

//go:build !linux

package directorytest

import "testing"

func inMemory(t testing.TB) string {
	t.Helper()
	return t.TempDir()
}
