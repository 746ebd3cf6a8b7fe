// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// recording is one line of a file in testdata, whose README says how they were
// made.
type recording struct {
	name  string
	bytes []byte
}

func recorded(t testing.TB, file string) (all []recording) {
	f, err := os.Open(filepath.Join("testdata", file))
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, text, _ := strings.Cut(lines.Text(), ": ")
		b, err := hex.DecodeString(text)
		require.NoError(t, err)
		all = append(all, recording{name, b})
	}
	require.NoError(t, lines.Err())
	require.NotEmpty(t, all)
	return all
}

// valuesOf returns the recorded values of one name.
func valuesOf(t testing.TB, name string) (values []Value) {
	for _, r := range recorded(t, "values.txt") {
		if r.name == name {
			v, err := ParseValue(r.bytes)
			require.NoError(t, err)
			values = append(values, v)
		}
	}
	require.NotEmpty(t, values, name)
	return values
}

// describe names what a message holds as the recordings do.
func describe(m *Message) string {
	words := []string{}
	add := func(present bool, word string) {
		if present {
			words = append(words, word)
		}
	}
	add(!m.Sender.IsZero(), "id")
	add(!m.Key.IsZero() && m.Kind != KindFind, "h")
	add(!m.Key.IsZero() && m.Kind == KindFind, "target")
	add(m.HasWant && m.Want == IPv4|IPv6, "w")
	add(len(m.Token) == TokenSize, "token")
	add(m.Socket != 0, "sid")
	add(m.Version == 1, "ve")
	add(m.ValueID != 0, "vid")
	add(m.Created > 1_700_000_000, "c")
	add(m.Seen.Is4(), "sa4")
	add(m.Seen.Is6(), "sa16")
	add(len(m.Nodes.v4) > 0, "n4")
	add(len(m.Nodes.v6) > 0, "n6")
	add(m.Refreshed.Len() > 0, "re")
	add(m.Expired.Len() > 0, "exp")
	for _, element := range m.Values.All() {
		_, err := ParseValue(element.Packed)
		add(element.Packed != nil && err == nil, "values")
		add(element.Packed == nil && element.Length > 600, "lengths")
	}
	if !m.Query.IsZero() {
		add(true, fmt.Sprintf("q(select %s where %s)", numbers(m.Query.Select), numbers(m.Query.Where)))
	}
	add(m.Rows.Len() > 0, "fileds("+numbers(m.Rows.Fields)+")")
	slices.Sort(words)
	return m.Kind.String() + " " + strings.Join(slices.Compact(words), " ")
}

func numbers(fields Fields) (text string) {
	for number := uint64(1); number <= 5; number++ {
		if fields&fieldOf(number) != 0 {
			text += fmt.Sprint(number)
		}
	}
	return text
}

// sorted brings the words of a recording's name into the order of describe.
func sorted(name string) string {
	kind, rest, _ := strings.Cut(name, " ")
	rest, query, hasQuery := strings.Cut(rest, "q(")
	words := strings.Fields(rest)
	if hasQuery {
		words = append(words, "q("+query)
	}
	slices.Sort(words)
	return kind + " " + strings.Join(words, " ")
}

func TestDecodeRecorded(t *testing.T) {
	for _, r := range recorded(t, "datagrams.txt") {
		t.Run(r.name, func(t *testing.T) {
			before := bytes.Clone(r.bytes)
			var m Message
			require.NoError(t, m.Decode(r.bytes))
			require.Equal(t, sorted(r.name), describe(&m))
			require.NotZero(t, m.Transaction)
			require.Equal(t, before, r.bytes)

			// What was decoded is encoded as OpenDHT did.
			if !m.Query.IsZero() {
				require.True(t, bytes.Contains(r.bytes, appendQuery(nil, &m.Query)))
			}
			if rows := slices.Collect(m.Rows.All()); len(rows) > 0 {
				require.True(t, bytes.Contains(r.bytes, appendRows(nil, m.Rows.Fields, rows)))
			}
			for _, element := range m.Values.All() {
				if v, err := ParseValue(element.Packed); element.Packed != nil {
					require.NoError(t, err)
					require.Equal(t, string(element.Packed), string(v.Append(nil)))
				}
			}
			for part := range m.Parts.All() {
				require.Len(t, part.Data, partSize)
				packed := appendPart(nil, Header{}, part)
				require.True(t, bytes.Contains(r.bytes, packed[bytes.Index(packed, []byte("\xa1p\x81")):]))
			}
			if nodes := slices.Collect(m.Nodes.All()); len(nodes) > 0 {
				v4, v6 := countNodes(nodes)
				if v4 > 0 {
					require.True(t, bytes.Contains(r.bytes, appendNodes(nil, nodes, IPv4, v4)))
				}
				if v6 > 0 {
					require.True(t, bytes.Contains(r.bytes, appendNodes(nil, nodes, IPv6, v6)))
				}
			}
		})
	}
}

func TestRowsOfSignedValueAreLost(t *testing.T) {
	for _, r := range recorded(t, "datagrams.txt") {
		if strings.Contains(r.name, "fileds(12345)") {
			var m Message
			require.NoError(t, m.Decode(r.bytes))
			require.Equal(t, 1, m.Rows.Len())
			require.Empty(t, slices.Collect(m.Rows.All()))
		}
	}
}
