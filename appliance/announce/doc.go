// SPDX-License-Identifier: GPL-3.0-or-later

// Package announce keeps the revocation lists of accounts in the DHT, where Jami
// clients look for them under the id of the account, so that a revocation is
// known without anyone asking the box.
//
// Values without a signature live ten minutes there and cannot be edited, so
// each list is put again and again, and a new list is a new value. Whoever puts
// a list there, clients believe only what the account signed.
//
// The package knows neither how lists are made nor how the DHT works.
package announce
