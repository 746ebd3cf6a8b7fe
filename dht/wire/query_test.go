// SPDX-License-Identifier: GPL-3.0-or-later

package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tinylib/msgp/msgp"
)

func TestMatches(t *testing.T) {
	owner := ID{1, 2, 3}
	row := Row{ID: 7, Type: 3, Seq: 5, Owner: owner, UserType: []byte("mail")}
	const ownerClause = "\x82\xa1f\x03\xa1v\xc4\x14"
	for name, c := range map[string]struct {
		where string
		want  bool
	}{
		"everything":            {"\x90", true},
		"id":                    {"\x91\x82\xa1f\x01\xa1v\x07", true},
		"other id":              {"\x91\x82\xa1f\x01\xa1v\x08", false},
		"type":                  {"\x91\x82\xa1f\x02\xa1v\x03", true},
		"other type":            {"\x91\x82\xa1f\x02\xa1v\x04", false},
		"type too large":        {"\x91\x82\xa1f\x02\xa1v\xce\x00\x01\x00\x03", false},
		"owner":                 {"\x91" + ownerClause + string(owner[:]), true},
		"other owner":           {"\x91" + ownerClause + sampleID, false},
		"user type":             {"\x91\x82\xa1f\x05\xa1v\xc4\x04mail", true},
		"user type as text":     {"\x91\x82\xa1f\x05\xa1v\xa4mail", true},
		"other user type":       {"\x91\x82\xa1f\x05\xa1v\xc4\x03mai", false},
		"all of two":            {"\x92\x82\xa1f\x01\xa1v\x07\x82\xa1f\x02\xa1v\x03", true},
		"one of two":            {"\x92\x82\xa1f\x01\xa1v\x07\x82\xa1f\x02\xa1v\x04", false},
		"same condition twice":  {"\x92\x82\xa1f\x01\xa1v\x07\x82\xa1f\x01\xa1v\x07", true},
		"exclude each other":    {"\x92\x82\xa1f\x01\xa1v\x07\x82\xa1f\x01\xa1v\x08", false},
		"exclude, other order":  {"\x92\x82\xa1f\x01\xa1v\x08\x82\xa1f\x01\xa1v\x07", false},
		"user types that clash": {"\x92\x82\xa1f\x05\xa1v\xc4\x04mail\x82\xa1f\x05\xa1v\xa0", false},
		"value before field":    {"\x91\x82\xa1v\x07\xa1f\x01", true},
	} {
		t.Run(name, func(t *testing.T) {
			q, err := readQuery([]byte("\x82\xa1s\x90\xa1w" + c.where))
			require.NoError(t, err)
			require.Equal(t, c.want, q.Matches(&row))
			require.Equal(t, name == "everything", q.IsZero())
			copied := q.Clone()
			require.Equal(t, c.want, copied.Matches(&row))
		})
	}
}

func TestOwnerThatIsMissingMatchesNone(t *testing.T) {
	q := Query{Where: FieldOwner}
	require.False(t, q.Matches(&Row{}))
}

func TestCloneOutlivesTheDatagram(t *testing.T) {
	datagram := []byte("\x82\xa1s\x92\x04\x01\xa1w\x91\x82\xa1f\x05\xa1v\xc4\x04mail")
	q, err := readQuery(datagram)
	require.NoError(t, err)
	q = q.Clone()
	clear(datagram)
	require.True(t, q.Matches(&Row{UserType: []byte("mail")}))
	require.Equal(t, FieldID|FieldSeq, q.Select)
	require.Equal(t, FieldID|FieldSeq|FieldUserType, q.Needs())
}

func TestQueryRefuses(t *testing.T) {
	for name, query := range map[string]string{
		"error/no map":           "\x90",
		"error/no where":         "\x81\xa1s\x90",
		"error/no select":        "\x81\xa1w\x90",
		"error/select no array":  "\x82\xa1s\x01\xa1w\x90",
		"error/select no number": "\x82\xa1s\x91\xa1x\xa1w\x90",
		"error/clause no map":    "\x82\xa1s\x90\xa1w\x91\x05",
		"error/clause no value":  "\x82\xa1s\x90\xa1w\x91\x81\xa1f\x01",
		"error/clause no field":  "\x82\xa1s\x90\xa1w\x91\x81\xa1v\x01",
		"error/sequence number":  "\x82\xa1s\x90\xa1w\x91\x82\xa1f\x04\xa1v\x01",
		"error/unknown field":    "\x82\xa1s\x90\xa1w\x91\x82\xa1f\x06\xa1v\x01",
		"error/negative field":   "\x82\xa1s\x90\xa1w\x91\x82\xa1f\xff\xa1v\x01",
		"error/id is text":       "\x82\xa1s\x90\xa1w\x91\x82\xa1f\x01\xa1v\xa1x",
		"error/owner too short":  "\x82\xa1s\x90\xa1w\x91\x82\xa1f\x03\xa1v\xc4\x01x",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readQuery([]byte(query))
			require.ErrorIs(t, err, ErrField)
		})
	}
}

func TestSelectSkipsUnknownFields(t *testing.T) {
	q, err := readQuery([]byte("\x82\xa1s\x95\x00\x01\x05\x01\x63\xa1w\x90"))
	require.NoError(t, err)
	require.Equal(t, FieldID|FieldUserType, q.Select)
}

func TestConditionOnSeqIsNotSent(t *testing.T) {
	q, err := readQuery(appendQuery(nil, &Query{Where: FieldSeq | FieldID, Match: Row{ID: 4, Seq: 9}}))
	require.NoError(t, err)
	require.Equal(t, Query{Where: FieldID, Match: Row{ID: 4}}, q)
	require.False(t, (&Query{Where: FieldSeq, Match: Row{Seq: 9}}).Matches(&Row{Seq: 8}))
}

func TestRowsRefuse(t *testing.T) {
	for name, rows := range map[string]string{
		"error/no map":          "\x90",
		"error/no fields":       "\x81\xa1v\x90",
		"error/no cells":        "\x81\xa1f\x91\x01",
		"error/no known field":  "\x82\xa1f\x90\xa1v\x90",
		"error/cells are a map": "\x82\xa1f\x91\x01\xa1v\x80",
	} {
		t.Run(name, func(t *testing.T) {
			var list RowList
			require.ErrorIs(t, list.read([]byte(rows)), ErrField)
		})
	}
}

func TestRowsSkipTheUnreadable(t *testing.T) {
	// Ids and types: the second row has a text as id, the last is not whole.
	var list RowList
	require.NoError(t, list.read([]byte("\x82\xa1f\x92\x02\x01\xa1v\x97\x01\x02\xa1x\x04\x05\x06\x07")))
	require.Equal(t, 3, list.Len())
	var got []Row
	for row := range list.All() {
		got = append(got, row)
	}
	require.Equal(t, []Row{{ID: 1, Type: 2}, {ID: 5, Type: 6}}, got)
}

func TestValueListSkips(t *testing.T) {
	b := msgp.AppendArrayHeader(nil, 5)
	b = msgp.AppendUint64(b, 0)
	b = msgp.AppendUint64(b, MaxPackedValue)
	b = msgp.AppendUint64(b, MaxPackedValue+1)
	b = msgp.AppendUint64(b, 1<<63)
	b = msgp.AppendString(b, "no value")
	count, packed, err := readArray(b)
	require.NoError(t, err)
	list := ValueList{packed: packed, count: count}
	require.Equal(t, 5, list.Len())
	got := map[int]Element{}
	for i, element := range list.All() {
		got[i] = element
	}
	require.Equal(t, map[int]Element{1: {Length: MaxPackedValue}, 4: {Packed: []byte("\xa8no value")}}, got)
}
