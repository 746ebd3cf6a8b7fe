// SPDX-License-Identifier: GPL-3.0-or-later

package discovery

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

const (
	nodeID = "0123456789abcdefghij"
	// recorded is what a real dhtnode publishes.
	recorded = "\x81\xa3dht\x93\xc4\x14" + nodeID + "\xcd\x13\x88\x00"
)

func TestReadPublication(t *testing.T) {
	node := publication{id: wire.ID([]byte(nodeID)), port: 5000}
	for name, c := range map[string]struct {
		datagram string
		want     publication
	}{
		"recorded":          {recorded, node},
		"behind an account": {"\x82\xa4jami\x92\xa5alice\x81\xa1x\x01" + recorded[1:], node},
		"before an account": {"\x82" + recorded[1:] + "\xa4jami\x01", node},
		"other network": {
			"\x81\xa3dht\x93\xc4\x14" + nodeID + "\xcd\x13\x88\x07", publication{id: node.id, port: 5000, network: 7},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readPublication([]byte(c.datagram))
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	require.Equal(t, recorded, string(node.append(nil)))

	_, err := readPublication([]byte("\x81\xa4jami\x01"))
	require.ErrorIs(t, err, errNothing)
	for name, datagram := range map[string]string{
		"error/empty":            "",
		"error/query":            "\xa1q",
		"error/cut off":          recorded[:len(recorded)-3],
		"error/short id":         "\x81\xa3dht\x93\xc4\x13" + nodeID[1:] + "\xcd\x13\x88\x00",
		"error/text as id":       strings.Replace(recorded, "\xc4\x14", "\xd9\x14", 1),
		"error/large port":       strings.Replace(recorded, "\xcd\x13\x88", "\xce\x00\x01\x00\x00", 1),
		"error/large network":    recorded[:len(recorded)-1] + "\xcf\x00\x00\x00\x01\x00\x00\x00\x00",
		"error/two fields":       "\x81\xa3dht\x92\xc4\x14" + nodeID + "\xcd\x13\x88",
		"error/node is no array": "\x81\xa3dht\x01",
		"error/number as name":   "\x81\x01\x01",
		"error/more announced":   "\xdf\xff\xff\xff\xff\xa1a\x01",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readPublication([]byte(datagram))
			require.Error(t, err)
			require.NotErrorIs(t, err, errNothing)
		})
	}
}

func TestIsQuery(t *testing.T) {
	require.Equal(t, "\xa1q", string(appendQuery(nil)))
	for datagram, want := range map[string]bool{
		"\xa1q": true, "\xd9\x01q": true, "\xa1Q": false, "\xa2qq": false, "\xc4\x01q": false, "\xa1": false, "": false,
		recorded: false,
	} {
		require.Equal(t, want, isQuery([]byte(datagram)), "%q", datagram)
	}
}

// FuzzDatagram holds that what is read is what would be written.
func FuzzDatagram(f *testing.F) {
	for _, seed := range []string{
		"\xa1q", recorded, "\x82\xa4jami\x92\xa5alice\x81\xa1x\x01" + recorded[1:],
		"\x81\xa1a" + strings.Repeat("\x91", 200), "\xdf\xff\xff\xff\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, datagram []byte) {
		datagram = datagram[:min(len(datagram), maxDatagram)]
		p, err := readPublication(datagram)
		if isQuery(datagram) {
			require.Error(t, err)
		}
		if err != nil {
			require.Zero(t, p)
			return
		}
		again, err := readPublication(p.append(nil))
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}
