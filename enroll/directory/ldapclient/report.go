// SPDX-License-Identifier: GPL-3.0-or-later

package ldapclient

import (
	"time"

	"jamibox/enroll/directory/source"
)

// Report is what a Check found.
type Report struct {
	OK     bool         `json:"ok"`
	Checks []CheckStep  `json:"steps"`
	Server string       `json:"server,omitempty"`
	Make   string       `json:"make,omitempty"`
	Chain  []ChainLink  `json:"chain,omitempty"`
	Bases  []string     `json:"bases,omitempty"`
	Users  int          `json:"users"`
	Sample *Sample      `json:"sample,omitempty"`
	Login  *LoginReport `json:"login,omitempty"`
}

// CheckStep is one step: what was done, what came of it, what to do.
type CheckStep struct {
	Name   string        `json:"name"`
	OK     bool          `json:"ok"`
	Detail string        `json:"detail"`
	Advice string        `json:"advice,omitempty"`
	Took   time.Duration `json:"took"`
}

// ChainLink is a certificate as the server showed it.
type ChainLink struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Names     []string  `json:"names,omitempty"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	// Pin is what source.Config.Pins takes.
	Pin string `json:"pin"`
}

// Sample is a person as mapped.
type Sample struct {
	Person source.Person `json:"person"`
	Groups []string      `json:"groups,omitempty"`
	// Problem tells why the entry is no person.
	Problem string `json:"problem,omitempty"`
}

// LoginReport is what became of the login that the Check was asked to try.
type LoginReport struct {
	OK     bool    `json:"ok"`
	Reason string  `json:"reason"`
	Sample *Sample `json:"sample,omitempty"`
	Steps  []Step  `json:"steps"`
}
