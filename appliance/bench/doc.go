// SPDX-License-Identifier: GPL-3.0-or-later

// Package bench measures the whole box, each figure beside its limit on the
// same machine in the same run: "make bench". It holds no code of the product.
package bench
