// SPDX-License-Identifier: GPL-3.0-or-later

package node

import (
	"testing"

	"github.com/stretchr/testify/require"

	"jamibox/dht/wire"
)

func TestPutAndGet(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	for name, values := range map[string][][]byte{
		"small":                     {value(1, 10)},
		"just inline":               {value(1, 500)},
		"in two parts":              {value(1, 2000)},
		"largest":                   {value(1, wire.MaxValueSize)},
		"several at once":           {value(1, 10), value(2, 20), value(3, 30)},
		"several at once, in parts": {value(1, 3000), value(2, 20), value(3, 30000)},
	} {
		t.Run(name, func(t *testing.T) {
			writer, reader := newPeer(t, n.v4), newPeer(t, n.v6)
			key := randomID()
			stored := writer.put(key, values...)
			require.Equal(t, wire.KindReply, stored.Kind)
			require.Equal(t, writer.addr.Addr(), stored.Seen)
			ids := []uint64{stored.ValueID}
			for range len(values) - 1 {
				ids = append(ids, writer.answered().ValueID)
			}
			for i, id := range ids {
				require.Equal(t, uint64(i+1), id, "one answer for each value")
			}
			require.Equal(t, values, reader.get(key))
		})
	}
}

func TestGetNothing(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	p := newPeer(t, n.v4)
	m := p.ask(wire.AppendGet(nil, p.header(), randomID(), &wire.Query{}))
	require.Len(t, m.Token, wire.TokenSize)
	require.Zero(t, m.Values.Len())
	require.Equal(t, p.addr.Addr(), m.Seen)
}

func TestRefused(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	p, other := newPeer(t, n.v4), newPeer(t, n.v4)
	token, foreign := p.token(), other.token()
	key, values := randomID(), [][]byte{value(1, 10)}
	long := [][]byte{value(1, 1000)}
	for name, c := range map[string]struct {
		request []byte
		code    int
	}{
		"error/get without key":        {wire.AppendGet(nil, p.header(), wire.ID{}, &wire.Query{}), 203},
		"error/put without key":        {wire.AppendPut(nil, p.header(), wire.ID{}, token, 0, values), 203},
		"error/listen without key":     {wire.AppendListen(nil, p.header(), wire.ID{}, token, 1, &wire.Query{}), 203},
		"error/value without id":       {wire.AppendPut(nil, p.header(), key, token, 0, [][]byte{value(0, 10)}), 203},
		"error/put without token":      {wire.AppendPut(nil, p.header(), key, nil, 0, values), 401},
		"error/put with short token":   {wire.AppendPut(nil, p.header(), key, token[1:], 0, values), 401},
		"error/put with other's token": {wire.AppendPut(nil, p.header(), key, foreign, 0, values), 401},
		"error/put in parts":           {wire.AppendPut(nil, p.header(), key, foreign, 0, long), 401},
		"error/listen":                 {wire.AppendListen(nil, p.header(), key, foreign, 1, &wire.Query{}), 401},
		"error/refresh":                {wire.AppendRefresh(nil, p.header(), key, foreign, 1), 401},
		"error/refresh of nothing":     {wire.AppendRefresh(nil, p.header(), key, token, 1), 404},
	} {
		t.Run(name, func(t *testing.T) {
			p.send(c.request)
			m := p.await(func(m *wire.Message) bool { return m.Kind == wire.KindError })
			require.Equal(t, c.code, m.Refusal.Code)
			require.Equal(t, n.Stats().ID, m.Sender)
		})
	}
	require.Empty(t, p.get(key))
}

// TestUnreadableValue puts what is no value between two that are.
func TestUnreadableValue(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	p, key := newPeer(t, n.v4), randomID()
	first, last := value(1, 10), value(2, 10)
	require.EqualValues(t, 1, p.put(key, first, []byte("\x81\xa2id\xa2no"), last).ValueID)
	require.EqualValues(t, 2, p.answered().ValueID)
	require.Equal(t, [][]byte{first, last}, p.get(key))
	require.EqualValues(t, 1, n.Stats().UnreadablePuts)
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	p := newPeer(t, n.v4)
	key := randomID()
	p.put(key, value(7, 10))
	token := p.token()
	for _, id := range []uint64{7, 8} {
		// Success for an unknown id, too, as long as the key holds something.
		m := p.ask(wire.AppendRefresh(nil, p.header(), key, token, id))
		require.Equal(t, wire.KindReply, m.Kind)
		require.Equal(t, id, m.ValueID)
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	n := run(t, testConfig())
	p := newPeer(t, n.v4)
	key := randomID()
	for id := range uint64(3) {
		v := wire.Value{ID: id + 1, Type: uint16(id) * 3, Data: make([]byte, 1000), UserType: []byte("text")}
		p.put(key, v.Append(nil))
	}
	t.Run("select", func(t *testing.T) {
		q := wire.Query{Select: wire.FieldID | wire.FieldType | wire.FieldUserType}
		m := p.ask(wire.AppendGet(nil, p.header(), key, &q))
		require.Zero(t, m.Values.Len())
		var rows []wire.Row
		for row := range m.Rows.All() {
			rows = append(rows, row)
		}
		text := []byte("text")
		require.Equal(t, []wire.Row{
			{ID: 1, UserType: text}, {ID: 2, Type: 3, UserType: text}, {ID: 3, Type: 6, UserType: text},
		}, rows)
	})
	t.Run("where", func(t *testing.T) {
		q := wire.Query{Where: wire.FieldID, Match: wire.Row{ID: 2}}
		values := p.values(p.ask(wire.AppendGet(nil, p.header(), key, &q)))
		require.Len(t, values, 1)
		got, err := wire.ParseValue(values[0])
		require.NoError(t, err)
		require.EqualValues(t, 2, got.ID)
	})
	t.Run("select, nothing there", func(t *testing.T) {
		m := p.ask(wire.AppendGet(nil, p.header(), randomID(), &wire.Query{Select: wire.FieldID}))
		require.Zero(t, m.Rows.Len())
		require.Len(t, m.Token, wire.TokenSize)
	})
	t.Run("more rows than fit", func(t *testing.T) {
		full := randomID()
		var values [][]byte
		for id := range uint64(49) {
			v := wire.Value{ID: id + 1, UserType: make([]byte, 2000)}
			values = append(values, v.Append(nil))
		}
		p.put(full, values...)
		m := p.ask(wire.AppendGet(nil, p.header(), full, &wire.Query{Select: wire.FieldID | wire.FieldUserType}))
		require.Greater(t, m.Rows.Len(), 20)
		require.Less(t, m.Rows.Len(), 49)
		require.EqualValues(t, 1, n.Stats().CutAnswers)
	})
}
