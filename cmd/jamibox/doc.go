// SPDX-License-Identifier: GPL-3.0-or-later

// Command jamibox is the whole box: the server and the tools to administer it.
// One file holds one command.
package main
