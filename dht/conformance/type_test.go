// SPDX-License-Identifier: GPL-3.0-or-later

package conformance

import (
	"encoding/pem"
	"net/netip"

	"jamibox/dht/wire"
)

// ofType returns a point that puts an unsigned value of a type.
func ofType(row, want string, valueType uint16, data []byte) point {
	return keeps("type: "+row, want, "", func(*client) []byte {
		return (&wire.Value{ID: 7, Type: valueType, Data: data}).Append(nil)
	})
}

func typePoints() []point {
	points := []point{
		ofType("unknown", "reply, kept", 4242, []byte("data")),
		ofType("DHT message", "reply, kept", wire.TypeMessage, pack([]any{"service", []byte("data")})),
		ofType("DHT message of an empty service", "reply, nothing", wire.TypeMessage, pack([]any{"", []byte("data")})),
		ofType("DHT message that is unreadable", "reply, kept", wire.TypeMessage, []byte("\xc1")),
		ofType("instant message", "reply, kept", wire.TypeInstantMessage, []byte("data")),
		ofType("trust request", "reply, kept", wire.TypeTrustRequest, []byte("data")),
		ofType("ICE candidates", "reply, kept", wire.TypeICE, []byte("data")),
		ofType("profile", "reply, kept", 9, []byte("data")),
		ofType("service without port", "reply, nothing", wire.TypeService,
			wire.ServiceData(netip.MustParseAddrPort("10.9.8.7:0"))),
		ofType("service that is unreadable", "reply, nothing", wire.TypeService, []byte("\xc1")),
		{row: "type: service gets the address of its sender and loses all else", want: "reply, kept", try: func(c *client) string {
			key := randomID()
			v := c.signed(wire.Value{
				ID: 7, Type: wire.TypeService, Seq: 1, Data: wire.ServiceData(netip.MustParseAddrPort("10.9.8.7:4000")),
				UserType: []byte("x"),
			})
			kept := wire.Value{
				ID: 7, Type: wire.TypeService, Data: wire.ServiceData(netip.AddrPortFrom(c.source, 4000)),
			}
			return seen(c.put(key, v.Append(nil)), c.kept(key, kept.Append(nil)))
		}},
		{row: "type: service is never edited", want: "reply, reply, kept", try: func(c *client) string {
			key := randomID()
			at := func(port uint16) []byte {
				data := wire.ServiceData(netip.AddrPortFrom(c.source, port))
				return (&wire.Value{ID: 7, Type: wire.TypeService, Data: data}).Append(nil)
			}
			return seen(c.put(key, at(4000)), c.put(key, at(4001)), c.kept(key, at(4000)))
		}},
	}
	return points
}

func certificatePoints() []point {
	short := func(key wire.PublicKey) wire.ID { return key.CertificateKeys()[0] }
	long := func(key wire.PublicKey) wire.ID { return key.CertificateKeys()[1] }
	other := func(wire.PublicKey) wire.ID { return randomID() }
	form := func(negative bool) func(c *client) wire.Value {
		return func(c *client) wire.Value { return certified(c.certificate(negative)) }
	}
	bare := func(pack func(der []byte) []byte) func(c *client) wire.Value {
		return func(c *client) wire.Value {
			return wire.Value{ID: 1, Type: wire.TypeCertificate, Data: pack(c.certificate(false))}
		}
	}
	asPEM := func(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}) }
	asDER := func(der []byte) []byte { return der }
	var points []point
	for _, p := range []struct {
		row, want, dhtnode string
		value              func(c *client) wire.Value
		key                func(wire.PublicKey) wire.ID
	}{
		{"under the short id", "reply, kept", "", form(false), short},
		{"under the long id", "reply, kept", "reply, nothing", form(false), long},
		{"under another key", "reply, nothing", "", form(false), other},
		{"with a negative serial number under the short id", "reply, kept", "", form(true), short},
		{"with a negative serial number under the long id", "reply, kept", "reply, nothing", form(true), long},
		{"as bare PEM", "reply, kept", "", bare(asPEM), short},
		{"as DER", "reply, kept", "", bare(asDER), short},
		{"as garbage", "reply, nothing", "", bare(func([]byte) []byte { return []byte("no certificate") }), short},
	} {
		points = append(points, since(3, point{row: "certificate: " + p.row, variant: fresh, want: p.want, dhtnode: p.dhtnode,
			try: func(c *client) string {
				v := p.value(c)
				key := p.key(c.signed(wire.Value{}).Owner)
				return seen(c.put(key, v.Append(nil)), c.kept(key, v.Append(nil)))
			}}))
	}
	return append(points, point{row: "certificate: renewed with the same key", variant: fresh, want: "reply, reply, kept",
		try: func(c *client) string {
			key := c.signed(wire.Value{}).Owner.CertificateKeys()[0]
			first, second := certified(c.certificate(false)), certified(c.certificate(true))
			return seen(c.put(key, first.Append(nil)), c.put(key, second.Append(nil)), c.kept(key, second.Append(nil)))
		}})
}
