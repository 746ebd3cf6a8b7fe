// SPDX-License-Identifier: GPL-3.0-or-later

// Package sync keeps the box in step with the directories its users come from:
// it reads all people of a source, updates profiles and group memberships, makes
// accounts ahead, and takes service away from those whom the directory calls
// disabled or expired, or does not have any more.
//
// What it takes away can be given back until the grace time has passed. It acts
// on what is missing only after an answer that is known to be complete, and
// stops with an alarm where a run would bar more people than is credible.
//
// It must not know HTTP, nor how a directory is asked: it sees entries. Accounts
// and devices are reached through small interfaces of its own.
package sync
