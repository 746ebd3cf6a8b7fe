// SPDX-License-Identifier: GPL-3.0-or-later

package seal

const (
	goldenDerived = "f931dfa479bb187a8c4acee5c218236ab834a404c29880efd23e70171d248b50"
	goldenSealed  = "013e1cdc567430f138753fabd215e268a6c586516b26ed673b2124037a7f741afc16b9680674819df99553defaa878"
)
