// SPDX-License-Identifier: GPL-3.0-or-later

// Package localsocket is where a running box and its command line meet: a Unix
// socket in the data folder, or on Windows, not all of which have these, a named
// pipe whose name lies in a file there. Whoever gets through is an administrator,
// so both are for those alone who may read the data folder.
//
// The package must not know what is said over it.
package localsocket
