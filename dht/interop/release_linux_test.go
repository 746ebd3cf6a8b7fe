// SPDX-License-Identifier: GPL-3.0-or-later

package interop

import (
	"os"
	"os/exec"
	"testing"
)

// newer is the variable that names the program of another release.
const newer = "JAMIBOX_NEWER_DHTNODE"

// release is a dhtnode that can be run.
type release struct {
	name, program string
}

// distributed returns the release of the distribution.
func distributed(t *testing.T) release {
	t.Helper()
	if _, err := exec.LookPath("dhtnode"); err != nil {
		t.Skip("dhtnode is not installed (Debian package dhtnode)")
	}
	return release{"distributed", "dhtnode"}
}

// another returns the release that the variable names.
func another(t *testing.T) release {
	t.Helper()
	program := os.Getenv(newer)
	if program == "" {
		t.Skipf("%s does not name a dhtnode of another release; newer.sh makes one", newer)
	}
	return release{"newer", program}
}

// releases returns all there are, at least that of the distribution.
func releases(t *testing.T) []release {
	t.Helper()
	all := []release{distributed(t)}
	if program := os.Getenv(newer); program != "" {
		all = append(all, another(t))
	}
	return all
}
