// SPDX-License-Identifier: GPL-3.0-or-later

// Package names is the name server: it tells the Jami id that belongs to a
// username and the other way round. Names are never given to another person,
// since clients remember them without end. It serves no HTTP; as a client it asks
// another name server for whom it does not know, if an administrator named one.
package names
