// SPDX-License-Identifier: GPL-3.0-or-later

package turn

import (
	"fmt"
	"net"
	"net/netip"
)

// localAddr is one address of one of the box's interfaces.
type localAddr struct {
	prefix   netip.Prefix // address and length of its network
	loopback bool         // whether the interface is a loopback one
}

func (l localAddr) addr() netip.Addr { return l.prefix.Addr() }

// servable reports whether clients can be served at the address. IPv6
// link-local ones are left out: they mean nothing without a zone, which no
// client sends.
func (l localAddr) servable() bool {
	addr := l.addr()
	return addr.IsGlobalUnicast() || addr.IsLoopback() || addr.Is4() && addr.IsLinkLocalUnicast()
}

// localAddrs lists the addresses of all interfaces, without zones.
func localAddrs() ([]localAddr, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, fmt.Errorf("listing network interfaces: %w", err)
	}
	var local []localAddr
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			return nil, fmt.Errorf("listing addresses of interface %s: %w", i.Name, err)
		}
		for _, a := range addrs {
			network, ok := a.(*net.IPNet)
			if !ok {
				continue
			}
			addr, ok := netip.AddrFromSlice(network.IP)
			if !ok {
				continue
			}
			ones, _ := network.Mask.Size()
			local = append(local, localAddr{
				prefix:   netip.PrefixFrom(addr.Unmap(), ones),
				loopback: i.Flags&net.FlagLoopback != 0,
			})
		}
	}
	return local, nil
}
