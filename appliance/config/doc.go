// SPDX-License-Identifier: GPL-3.0-or-later

// Package config reads what the box needs to start, from a strict TOML file and
// then from the environment, into one typed struct, and checks it.
//
// It only nests the Config structs that the rooms own, and must not open, listen
// to or start anything. What an admin changes from day to day is in the
// database, not here.
package config
