// SPDX-License-Identifier: GPL-3.0-or-later

package message

import (
	"encoding/binary"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/pion/stun/v2"
	"github.com/stretchr/testify/require"
)

var (
	unknownRequired = stun.RawAttribute{Type: 0x0042, Value: []byte("junk")}
	unknownOptional = stun.RawAttribute{Type: 0x8042, Value: []byte("pad")}
)

// request builds a message the way clients do.
func request(t testing.TB, method stun.Method, attrs ...stun.Setter) []byte {
	setters := append([]stun.Setter{stun.NewTransactionIDSetter([12]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}),
		stun.NewType(method, stun.ClassRequest)}, attrs...)
	m, err := stun.Build(setters...)
	require.NoError(t, err)
	return m.Raw
}

// withLength sets the length field of a message.
func withLength(raw []byte, length uint16) []byte {
	binary.BigEndian.PutUint16(raw[2:], length)
	return raw
}

func fromHex(t testing.TB, text string) []byte {
	raw, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	require.NoError(t, err)
	return raw
}

// The samples of RFC 5769: with short-term credentials and FINGERPRINT (section
// 2.1), and with long-term credentials (section 2.4).
const (
	sampleShortTerm = `000100582112a442b7e7a701bc34d686fa87dfae
		802200105354554e207465737420636c69656e74 002400046e0001ff 80290008932ff9b151263b36
		000600096576746a3a68367659202020 000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004e57a3bcf`
	sampleLongTerm = `000100602112a44278ad3433c6ad72c029da412e
		00060012e3839ee38388e383aae38383e382afe382b90000
		0015001c662f2f3439396b39353464364f4c33346f4c39465354767936347341
		0014000b6578616d706c652e6f726700 00080014f67024656dd64a3e02b8e0712e85c9a28ca89666`
)

func TestSignedSamples(t *testing.T) {
	m, err := Decode(fromHex(t, sampleShortTerm))
	require.NoError(t, err)
	require.True(t, Signed(m, stun.NewShortTermIntegrity("VOkJxbRl1RmTxUk/WvJxBt")))
	require.True(t, m.Contains(stun.AttrFingerprint))

	m, err = Decode(fromHex(t, sampleLongTerm))
	require.NoError(t, err)
	require.True(t, Signed(m, stun.NewLongTermIntegrity("マトリックス", "example.org", "TheMatrIX")))
	require.False(t, Signed(m, stun.NewLongTermIntegrity("マトリックス", "example.org", "TheMatrIx")))
}

// TestDecodeBehindIntegrity covers RFC 8489, section 14.5: what lies behind
// MESSAGE-INTEGRITY is not listed and does not spoil it.
func TestDecodeBehindIntegrity(t *testing.T) {
	key := stun.MessageIntegrity("key")
	user := stun.NewUsername("alice") // padded
	integrity, fingerprint := stun.AttrMessageIntegrity, stun.AttrFingerprint
	for name, c := range map[string]struct {
		behind []stun.Setter
		listed []stun.AttrType
	}{
		"nothing":              {nil, []stun.AttrType{stun.AttrUsername, integrity}},
		"fingerprint":          {[]stun.Setter{stun.Fingerprint}, []stun.AttrType{stun.AttrUsername, integrity, fingerprint}},
		"junk":                 {[]stun.Setter{unknownRequired, unknownOptional}, []stun.AttrType{stun.AttrUsername, integrity}},
		"junk and fingerprint": {[]stun.Setter{unknownOptional, stun.Fingerprint}, []stun.AttrType{stun.AttrUsername, integrity, fingerprint}},
		"second integrity":     {[]stun.Setter{stun.MessageIntegrity("other")}, []stun.AttrType{stun.AttrUsername, integrity}},
		"second user":          {[]stun.Setter{stun.NewUsername("bob")}, []stun.AttrType{stun.AttrUsername, integrity}},
	} {
		t.Run(name, func(t *testing.T) {
			raw := request(t, stun.MethodRefresh, append([]stun.Setter{user, key}, c.behind...)...)
			m, err := Decode(raw)
			require.NoError(t, err)

			var listed []stun.AttrType
			for _, a := range m.Attributes {
				listed = append(listed, a.Type)
			}
			require.Equal(t, c.listed, listed)
			require.Equal(t, raw, m.Raw)
			require.True(t, Signed(m, key))
			require.False(t, Signed(m, []byte("other")))
			require.Equal(t, raw, m.Raw, "Signed changes nothing")
		})
	}
}

// TestSignedCoversAllBefore flips every bit of a message that its signature
// covers.
func TestSignedCoversAllBefore(t *testing.T) {
	key := stun.MessageIntegrity("key")
	raw := request(t, stun.MethodRefresh, stun.NewUsername("alice"), key)
	behind := len(raw)
	raw = request(t, stun.MethodRefresh, stun.NewUsername("alice"), key, unknownOptional)
	for at := range behind {
		for bit := range 8 {
			raw[at] ^= 1 << bit
			if m, err := Decode(raw); err == nil {
				require.False(t, Signed(m, key), "byte %d bit %d", at, bit)
			}
			raw[at] ^= 1 << bit
		}
	}
	m, err := Decode(raw)
	require.NoError(t, err)
	require.True(t, Signed(m, key))
}

func TestSignedWithoutIntegrity(t *testing.T) {
	m, err := Decode(request(t, stun.MethodRefresh, stun.NewUsername("alice")))
	require.NoError(t, err)
	require.False(t, Signed(m, []byte("key")))
	require.False(t, Signed(m, nil))

	for _, size := range []int{0, 4, 19, 21, 32} {
		raw := request(t, stun.MethodRefresh, stun.RawAttribute{Type: stun.AttrMessageIntegrity, Value: make([]byte, size)})
		m, err = Decode(raw)
		require.NoError(t, err)
		require.False(t, Signed(m, []byte("key")), "MESSAGE-INTEGRITY of %d bytes", size)
	}
}

// sampleForged carries a FINGERPRINT of zero as its first attribute, and one
// behind it that was chosen so that the checksum is right but for its place.
const sampleForged = `000100182112a4420102030405060708090a0b0c 8028000400000000 80420004c67db20a 8043000400000000`

func TestDecodeErrors(t *testing.T) {
	plain := func() []byte { return request(t, stun.MethodAllocate, wordOf(stun.AttrRequestedTransport, 17<<24)) }
	edit := func(raw []byte, at int, b byte) []byte {
		raw[at] = b
		return raw
	}
	marked := request(t, stun.MethodBinding, stun.Fingerprint)
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"error/empty":                 {nil, ErrFrameLength},
		"error/short header":          {plain()[:19], ErrFrameLength},
		"error/channel data":          {edit(plain(), 0, 0x40), ErrMalformed},
		"error/no kind":               {edit(plain(), 0, 0x80), ErrMalformed},
		"error/cookie":                {edit(plain(), 4, 0x20), ErrMalformed},
		"error/cut":                   {plain()[:24], ErrFrameLength},
		"error/more than announced":   {append(plain(), 0, 0, 0, 0), ErrFrameLength},
		"error/unaligned":             {append(withLength(plain(), 9), 0), ErrFrameLength},
		"error/length 0xFFEC":         {withLength(make([]byte, 65536), 0xFFEC), ErrFrameLength},
		"error/beyond frame":          {withLength(make([]byte, MaxFrame+4), MaxFrame+4-headerLen), ErrFrameLength},
		"error/attribute too long":    {edit(plain(), 23, 5), ErrMalformed},
		"error/attribute 0xFFFF":      {edit(edit(plain(), 22, 0xFF), 23, 0xFF), ErrMalformed},
		"error/fingerprint wrong":     {edit(append([]byte(nil), marked...), 27, ^marked[27]), ErrMalformed},
		"error/fingerprint size":      {request(t, stun.MethodBinding, stun.RawAttribute{Type: stun.AttrFingerprint, Value: []byte{1}}), ErrMalformed},
		"error/fingerprint not last":  {request(t, stun.MethodBinding, stun.Fingerprint, unknownOptional), ErrMalformed},
		"error/fingerprint forged":    {fromHex(t, sampleForged), ErrMalformed},
		"error/fingerprint twice":     {request(t, stun.MethodBinding, stun.Fingerprint, stun.Fingerprint), ErrMalformed},
		"error/fingerprint then junk": {request(t, stun.MethodBinding, stun.MessageIntegrity("k"), stun.Fingerprint, unknownOptional), ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := Decode(c.raw)
			require.ErrorIs(t, err, c.want)
			require.Nil(t, m)
		})
	}
}

func TestDecodeCopies(t *testing.T) {
	raw := request(t, stun.MethodRefresh, stun.NewUsername("alice"))
	m, err := Decode(raw)
	require.NoError(t, err)
	clear(raw)
	user, err := m.Get(stun.AttrUsername)
	require.NoError(t, err)
	require.Equal(t, "alice", string(user))
	require.Equal(t, byte(12), m.TransactionID[11])
	require.Equal(t, stun.NewType(stun.MethodRefresh, stun.ClassRequest), m.Type)
}
