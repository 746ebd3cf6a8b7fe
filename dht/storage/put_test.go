// SPDX-License-Identifier: GPL-3.0-or-later

package storage

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

// TestStoreRules puts one value into an empty store.
func TestStoreRules(t *testing.T) {
	key := newKey(t)
	sound := signed(t, key, wire.Value{ID: 1, Data: []byte("a"), Seq: 1})
	for name, c := range map[string]struct {
		value wire.Value
		age   time.Duration
		want  Outcome
	}{
		"plain":                    {value: plain(t, 1, "a"), want: Stored},
		"empty":                    {value: plain(t, 1, ""), want: Stored},
		"unknown type":             {value: pack(t, wire.Value{ID: 1, Type: 77, Data: []byte("a")}), want: Stored},
		"largest":                  {value: plain(t, 1, large(wire.MaxValueSize)), want: Stored},
		"encrypted":                {value: recorded(t, "encrypted")[0], want: Stored},
		"signed":                   {value: sound, want: Stored},
		"signed by a real peer":    {value: recorded(t, "type 0 signed")[0], want: Stored},
		"message":                  {value: pack(t, wire.Value{ID: 1, Type: wire.TypeMessage, Data: []byte("\x92\xa3chat\xc4\x01a")}), want: Stored},
		"unreadable message":       {value: pack(t, wire.Value{ID: 1, Type: wire.TypeMessage, Data: []byte("x")}), want: Stored},
		"almost expired":           {value: plain(t, 1, "a"), age: 10*time.Minute - 1, want: Stored},
		"created in the future":    {value: plain(t, 1, "a"), age: -time.Hour, want: Stored},
		"error/too large":          {value: plain(t, 1, large(wire.MaxValueSize+1)), want: RefusedSize},
		"error/forged":             {value: forged(t, sound, "b"), want: RefusedSignature},
		"error/forged ICE":         {value: forged(t, signed(t, key, wire.Value{ID: 1, Type: wire.TypeICE}), "b"), want: RefusedSignature},
		"error/message of nothing": {value: pack(t, wire.Value{ID: 1, Type: wire.TypeMessage, Data: []byte("\x92\xa0\xc4\x01a")}), want: RefusedMessage},
		"error/expired":            {value: plain(t, 1, "a"), age: 10 * time.Minute, want: RefusedExpired},
		"error/expired ICE":        {value: pack(t, wire.Value{ID: 1, Type: wire.TypeICE}), age: time.Minute, want: RefusedExpired},
		"error/expired long ago":   {value: plain(t, 1, "a"), age: 1<<63 - 1, want: RefusedExpired},
		"error/no certificate":     {value: pack(t, wire.Value{ID: 1, Type: wire.TypeCertificate, Data: []byte("a")}), want: RefusedCertificate},
		"error/no service":         {value: pack(t, wire.Value{ID: 1, Type: wire.TypeService, Data: []byte("a")}), want: RefusedService},
		"error/service at port 0":  {value: service(t, 1, "10.9.9.9:0"), want: RefusedService},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newStore()
			checked := Check(&c.value)
			got := s.Put(wire.ID{1}, &checked, start().Add(-c.age), remote(1), start())
			require.Equal(t, c.want, got, "%v", got)
			require.EqualValues(t, 1, s.Stats().Puts[c.want])
			if got.Refused() {
				require.Empty(t, valuesAt(s, wire.ID{1}, start()))
				require.Zero(t, s.Stats().Keys)
				return
			}
			require.Equal(t, [][]byte{c.value.Packed}, valuesAt(s, wire.ID{1}, start()))
			require.Equal(t, 1, s.Stats().Values)
		})
	}
}

// TestCertificates puts what real peers sent, one of them with a negative serial
// number.
func TestCertificates(t *testing.T) {
	certificates := recorded(t, "type 8")
	other := certificateKeys(t, certificates[1])
	for _, v := range certificates {
		for _, key := range certificateKeys(t, v) {
			s, _ := newStore()
			require.Equal(t, Stored, put(s, key, v, start()))
			require.Equal(t, [][]byte{v.Packed}, valuesAt(s, key, start().Add(7*24*time.Hour-1)))
			require.Empty(t, valuesAt(s, key, start().Add(7*24*time.Hour)))
			require.Equal(t, RefusedCertificate, put(s, wire.ID{1}, v, start()))
		}
	}
	v := certificates[0]
	key := certificateKeys(t, v)[1]
	for name, c := range map[string]struct {
		value wire.Value
		want  Outcome
	}{
		"again":              {value: v, want: Refreshed},
		"same key, new text": {value: pack(t, wire.Value{ID: v.ID, Type: v.Type, Data: append([]byte("x"), v.Data...)}), want: Edited},
		"error/other key":    {value: certificates[1], want: RefusedCertificate},
		"error/other type":   {value: pack(t, wire.Value{ID: v.ID, Data: v.Data}), want: RefusedCertificate},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newStore()
			require.Equal(t, Stored, put(s, key, v, start()))
			require.Equal(t, c.want, put(s, key, c.value, start()))
		})
	}
	s, _ := newStore()
	require.Equal(t, Stored, put(s, other[0], plain(t, v.ID, "squatter"), start()))
	require.Equal(t, RefusedEdit, put(s, other[0], certificates[1], start()))
}

// TestEditRules puts a value over a stored one with the same id.
func TestEditRules(t *testing.T) {
	key, otherKey := newKey(t), newKey(t)
	numbered := func(seq uint16, data string) wire.Value {
		return signed(t, key, wire.Value{ID: 1, Data: []byte(data), Seq: seq})
	}
	second := numbered(2, "a")
	prioritized := second
	prioritized.Priority = 1
	foreign := signed(t, otherKey, wire.Value{ID: 1, Data: []byte("b"), Seq: 9})
	cypher := pack(t, wire.Value{ID: 1, Cypher: []byte("secret")})
	certificate := recorded(t, "type 8")[0]
	own := certificateKeys(t, certificate)[0]
	signedCertificate := signed(t, key, wire.Value{ID: 1, Type: wire.TypeCertificate, Data: certificate.Data, Seq: 9})
	for name, c := range map[string]struct {
		old, value wire.Value
		want       Outcome
	}{
		"plain again":                       {plain(t, 1, "a"), plain(t, 1, "a"), Refreshed},
		"signed again":                      {second, second, Refreshed},
		"signed again, packed otherwise":    {second, pack(t, prioritized), Refreshed},
		"encrypted again":                   {cypher, cypher, Refreshed},
		"higher sequence":                   {second, numbered(3, "b"), Edited},
		"higher sequence, same data":        {second, numbered(3, "a"), Edited},
		"higher sequence, other type":       {second, signed(t, key, wire.Value{ID: 1, Type: wire.TypeTrustRequest, Seq: 3}), Edited},
		"signed certificate":                {second, signedCertificate, Edited},
		"error/plain":                       {plain(t, 1, "a"), plain(t, 1, "b"), RefusedEdit},
		"error/plain, other type":           {plain(t, 1, "a"), pack(t, wire.Value{ID: 1, Type: 7, Data: []byte("a")}), RefusedEdit},
		"error/signed over plain":           {plain(t, 1, "a"), second, RefusedEdit},
		"error/encrypted":                   {cypher, pack(t, wire.Value{ID: 1, Cypher: []byte("other")}), RefusedEdit},
		"error/encrypted over plain":        {plain(t, 1, "a"), cypher, RefusedEdit},
		"error/encrypted over signed":       {second, cypher, RefusedOwner},
		"error/plain over signed":           {second, plain(t, 1, "a"), RefusedOwner},
		"error/other owner":                 {second, foreign, RefusedOwner},
		"error/lower sequence":              {second, numbered(1, "b"), RefusedSequence},
		"error/same sequence":               {second, numbered(2, "b"), RefusedSequence},
		"error/forged":                      {second, forged(t, numbered(3, "b"), "c"), RefusedSignature},
		"error/forged certificate":          {second, forged(t, signedCertificate, string(certificate.Data)+"x"), RefusedSignature},
		"error/service over signed":         {second, service(t, 1, "10.9.9.9:80"), RefusedOwner},
		"error/service with another port":   {service(t, 1, "10.9.9.9:80"), service(t, 1, "10.9.9.9:81"), RefusedEdit},
		"error/plain over service":          {service(t, 1, "10.9.9.9:80"), plain(t, 1, "a"), RefusedEdit},
		"service again, whatever the claim": {service(t, 1, "10.9.9.9:80"), service(t, 1, "10.8.8.8:80"), Refreshed},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := newStore()
			s.Listen(own, Listener{Node: wire.ID{2}, Socket: 3}, start())
			require.Equal(t, Stored, put(s, own, c.old, start()))
			before := valuesAt(s, own, start())
			r.take()

			later := start().Add(50 * time.Second)
			got := put(s, own, c.value, later)
			require.Equal(t, c.want, got, "%v", got)
			after, end := valuesAt(s, own, later), later.Add(Life(c.value.Type))
			name := &Listener{Node: wire.ID{2}, Socket: 3}
			switch got {
			case Edited:
				require.Equal(t, [][]byte{c.value.Packed}, after)
				require.Equal(t, []string{line("value", name, own, 1)}, r.take())
			case Refreshed:
				require.Equal(t, before, after, "the bytes stay what they were")
				require.Equal(t, []string{line("refreshed", name, own, 1)}, r.take())
			default:
				require.Equal(t, before, after)
				require.Empty(t, r.take())
				end = start().Add(Life(c.old.Type))
			}
			require.Len(t, valuesAt(s, own, end.Add(-1)), 1)
			require.Empty(t, valuesAt(s, own, end))
		})
	}
}

func TestServiceGetsSendersAddress(t *testing.T) {
	for name, c := range map[string]struct{ from, want string }{
		"IPv4":        {"10.0.0.1", "10.0.0.1:80"},
		"IPv4-mapped": {"::ffff:10.0.0.1", "10.0.0.1:80"},
		"IPv6":        {"fd00::1", "[fd00::1]:80"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := newStore()
			v := service(t, 5, "10.9.9.9:80")
			v.UserType, v.Priority = []byte("more"), 1
			v = signed(t, newKey(t), v)
			checked := Check(&v)
			require.Equal(t, Stored, s.Put(wire.ID{1}, &checked, time.Time{}, netip.MustParseAddr(c.from), start()))
			want := service(t, 5, c.want)
			require.Equal(t, [][]byte{want.Packed}, valuesAt(s, wire.ID{1}, start()))
		})
	}
}

func TestRefresh(t *testing.T) {
	s, r := newStore()
	key, now := wire.ID{1}, start()
	found, known := s.Refresh(key, 1, now)
	require.Equal(t, [2]bool{false, false}, [2]bool{found, known})

	s.Listen(key, Listener{Node: wire.ID{2}}, now)
	found, known = s.Refresh(key, 1, now)
	require.Equal(t, [2]bool{false, true}, [2]bool{found, known}, "a key with a listener is known")

	require.Equal(t, Stored, put(s, key, plain(t, 1, "a"), now))
	r.take()
	now = now.Add(9 * time.Minute)
	found, known = s.Refresh(key, 1, now)
	require.Equal(t, [2]bool{true, true}, [2]bool{found, known})
	require.Equal(t, []string{"refreshed 1 to 2/0 at 1"}, r.take())
	require.Len(t, valuesAt(s, key, now.Add(10*time.Minute-1)), 1)

	now = now.Add(10 * time.Minute)
	found, _ = s.Refresh(key, 1, now)
	require.False(t, found, "it has expired, though Expire was not called")
	require.Equal(t, Stored, put(s, key, plain(t, 1, "b"), now), "so it can be replaced")
	require.Equal(t, []string{"expired 1 to 2/0 at 1", "value 1 to 2/0 at 1"}, r.take())
}

func TestFullKey(t *testing.T) {
	limits := DefaultLimits()
	limits.ValuesPerKey = 2
	s := New(limits, &recorder{}, start())
	require.Equal(t, Stored, put(s, wire.ID{1}, plain(t, 1, "a"), start()))
	require.Equal(t, Stored, put(s, wire.ID{1}, plain(t, 2, "a"), start()))
	require.Equal(t, RefusedFullKey, put(s, wire.ID{1}, plain(t, 3, "a"), start()))
	require.Equal(t, Refreshed, put(s, wire.ID{1}, plain(t, 2, "a"), start()))
	require.Equal(t, Stored, put(s, wire.ID{2}, plain(t, 3, "a"), start()))
}

func TestLife(t *testing.T) {
	for valueType, want := range map[uint16]time.Duration{
		wire.TypeUserData: 10 * time.Minute, wire.TypeMessage: 5 * time.Minute, wire.TypeService: 15 * time.Minute,
		wire.TypeInstantMessage: 5 * time.Minute, wire.TypeTrustRequest: 168 * time.Hour, wire.TypeICE: time.Minute,
		wire.TypeCertificate: 168 * time.Hour, 9: 10 * time.Minute, 65535: 10 * time.Minute,
	} {
		require.Equal(t, want, Life(valueType), "type %d", valueType)
	}
}

// TestKeepsCopies reuses the buffers of the caller, as readers of sockets do.
func TestKeepsCopies(t *testing.T) {
	s, _ := newStore()
	v := plain(t, 1, "a")
	want := slices.Clone(v.Packed)
	require.Equal(t, Stored, put(s, wire.ID{1}, v, start()))
	clear(v.Packed)
	require.Equal(t, [][]byte{want}, valuesAt(s, wire.ID{1}, start()))

	buffer := slices.Clone(want)
	other, _ := newStore()
	require.NoError(t, other.Restore(Kept{Key: wire.ID{1}, Packed: buffer, Created: start(), Source: remote(1)}, start()))
	clear(buffer)
	require.Equal(t, [][]byte{want}, valuesAt(other, wire.ID{1}, start()))
}

func TestOwnServiceStays(t *testing.T) {
	s, _ := newStore()
	v := service(t, 1, "10.9.9.9:80")
	c := Check(&v)
	require.Equal(t, Stored, s.Put(wire.ID{1}, &c, time.Time{}, netip.Addr{}, start()))
	require.Equal(t, [][]byte{v.Packed}, valuesAt(s, wire.ID{1}, start()))
}
