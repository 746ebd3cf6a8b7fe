// SPDX-License-Identifier: GPL-3.0-or-later

// Package audit records security events: who did what to whom, from where.
// Each goes to the audit table and to the log. It does not know what the
// events mean, and takes no secrets.
package audit
