// SPDX-License-Identifier: GPL-3.0-or-later

package contacts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Each rule is tried with either entry stored first; swapped is what comes out
// then, where it differs because no event tells which is newer.
func TestMergeRules(t *testing.T) {
	for name, c := range map[string]struct {
		kind                         Kind
		stored, incoming, want, swap string
	}{
		"contact/later added wins whole": {Contacts(),
			`"added":100,"conversationId":"x","banned":true`, `"added":200,"conversationId":"y"`, `"added":200,"conversationId":"y"`, ""},
		"contact/removed later": {Contacts(),
			`"added":100,"confirmed":true,"conversationId":"x"`, `"added":100,"removed":200`, `"added":100,"removed":200`, ""},
		"contact/banned": {Contacts(),
			`"added":100,"confirmed":true`, `"added":100,"removed":200,"banned":true`, `"added":100,"removed":200,"banned":true`, ""},
		"contact/removed and added again is not confirmed": {Contacts(),
			`"added":100,"confirmed":true`, `"added":300`, `"added":300`, ""},
		"contact/confirmed by either": {Contacts(),
			`"added":100,"confirmed":true`, `"added":100,"confirmed":false`, `"added":100,"confirmed":true`, ""},
		"contact/old removal still told": {Contacts(),
			`"added":300,"confirmed":true`, `"added":300,"removed":200`, `"added":300,"confirmed":true`, `"added":300,"removed":200,"confirmed":true`},
		"contact/conversation learned": {Contacts(),
			`"added":100`, `"added":100,"conversationId":"x"`, `"added":100,"conversationId":"x"`, ""},
		"contact/conversation of the former contact": {Contacts(),
			`"added":100,"conversationId":"x"`, `"added":300`, `"added":300`, ""},
		"contact/nothing told of a removed one": {Contacts(),
			`"added":100,"removed":200`, `"added":100,"confirmed":true,"conversationId":"x"`, `"added":100,"removed":200`, ""},
		"contact/same event, other conversation": {Contacts(),
			`"added":100,"conversationId":"x"`, `"added":100,"conversationId":"y"`, `"added":100,"conversationId":"x"`, `"added":100,"conversationId":"y"`},
		"contact/unknown members of both": {Contacts(),
			`"added":100,"a":{"x":[1]},"both":1`, `"added":200,"b":null,"both":2`, `"added":200,"a":{"x":[1]},"b":null,"both":2`, ""},

		"ms/echo of an old client is no news": {Contacts(),
			`"added":100,"addedMs":100500,"removed":0,"removedMs":0`, `"added":100,"removed":0`,
			`"added":100,"addedMs":100500,"removed":0,"removedMs":0`, `"added":100,"addedMs":100500,"removed":0,"removedMs":0`},
		"ms/echo with what it learned": {Contacts(),
			`"added":100,"addedMs":100500`, `"added":100,"confirmed":true`, `"added":100,"addedMs":100500,"confirmed":true`, ""},
		"ms/later seconds drop them": {Contacts(),
			`"added":100,"addedMs":100500,"confirmed":true`, `"added":101`, `"added":101`, ""},
		"ms/removed by an old client": {Contacts(),
			`"added":100,"addedMs":100500,"removed":0,"removedMs":0`, `"added":100,"removed":102`,
			`"added":100,"addedMs":100500,"removed":102`, `"added":100,"removed":102`},
		"ms/decide within a second": {Contacts(),
			`"added":100,"addedMs":100500,"confirmed":true`, `"added":100,"addedMs":100200,"removed":100,"removedMs":100700`,
			`"added":100,"addedMs":100200,"removed":100,"removedMs":100700`, ""},
		"ms/added again within a second is not confirmed": {Contacts(),
			`"added":100,"addedMs":100200,"confirmed":true`, `"added":100,"addedMs":100900`, `"added":100,"addedMs":100900`, ""},
		"ms/an older second": {Contacts(),
			`"added":100,"addedMs":100500`, `"added":99,"removed":98`, `"added":100,"addedMs":100500`, ""},

		"conversation/later event wins whole": {Conversations(),
			`"created":100,"mode":1,"members":[{"uri":"a"}],"lastDisplayed":"m"`, `"created":100,"removed":200`, `"created":100,"removed":200`, ""},
		"conversation/same event, last told counts": {Conversations(),
			`"created":100,"lastDisplayed":"m1"`, `"created":100,"lastDisplayed":"m2"`, `"created":100,"lastDisplayed":"m2"`, `"created":100,"lastDisplayed":"m1"`},
		"conversation/removed in the same moment": {Conversations(),
			`"created":100,"removed":100`, `"created":100`, `"created":100,"removed":100`, ""},
		"conversation/erased stays erased": {Conversations(),
			`"created":100,"removed":200,"erased":300`, `"created":100,"removed":200`, `"created":100,"removed":200,"erased":300`, ""},
		"conversation/made again before the old one was erased": {Conversations(),
			`"created":100,"removed":200,"erased":300`, `"created":250`, `"created":250`, ""},
		"conversation/unknown members of both": {Conversations(),
			`"created":100,"x":1,"mode":0`, `"created":200,"y":2`, `"created":200,"x":1,"y":2`, ""},
		"conversation/ms": {Conversations(),
			`"created":100,"createdMs":100900,"lastDisplayed":"m1"`, `"created":100,"lastDisplayed":"m2"`,
			`"created":100,"createdMs":100900,"lastDisplayed":"m2"`, `"created":100,"createdMs":100900,"lastDisplayed":"m1"`},

		"request/declined later": {Requests(),
			`"received":100,"from":"a","metadatas":{"t":"x"}`, `"received":100,"declined":150`, `"received":100,"declined":150`, ""},
		"request/declined in the same moment": {Requests(),
			`"received":100,"from":"a"`, `"received":100,"from":"a","declined":100`, `"received":100,"from":"a","declined":100`, ""},
		"request/invited again": {Requests(),
			`"received":100,"declined":150`, `"received":200,"from":"b"`, `"received":200,"from":"b"`, ""},
		"request/late news of the first invitation": {Requests(),
			`"received":100,"declined":150`, `"received":120`, `"received":100,"declined":150`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := with(t, c.kind, bob, c.stored), with(t, c.kind, bob, c.incoming)
			beforeA, beforeB := text(t, a), text(t, b)
			want := text(t, with(t, c.kind, bob, c.want))
			require.Equal(t, want, text(t, c.kind.merge(a, b)))
			if c.swap != "" {
				want = text(t, with(t, c.kind, bob, c.swap))
			}
			require.Equal(t, want, text(t, c.kind.merge(b, a)), "in the other order")
			require.Equal(t, beforeA+beforeB, text(t, a)+text(t, b), "neither is changed")
			merged := c.kind.merge(a, b)
			require.Equal(t, text(t, merged), text(t, c.kind.merge(merged, merged)), "again changes nothing")
			if c.swap == "" {
				require.Equal(t, text(t, merged), text(t, c.kind.merge(merged, a)), "what is old is no news")
			}
		})
	}
}

func TestRefusedEntries(t *testing.T) {
	f := newFixture(t)
	for name, c := range map[string]struct {
		kind    Kind
		members string
		ok      bool
	}{
		"contact":                     {Contacts(), `"added":1,"removed":4294967295,"confirmed":false,"banned":true,"conversationId":""`, true},
		"contact/nothing but id":      {Contacts(), ``, true},
		"contact/ms":                  {Contacts(), `"added":1795228260,"addedMs":1795228260123`, true},
		"contact/unknown members":     {Contacts(), `"x":{"y":[null,1.5,-3]},"added2":"z"`, true},
		"error/text as time":          {Contacts(), `"added":"100"`, false},
		"error/negative":              {Contacts(), `"removed":-1`, false},
		"error/too large":             {Contacts(), `"added":4294967296`, false},
		"error/huge":                  {Contacts(), `"added":1e99`, false},
		"error/beyond 64 bits":        {Contacts(), `"added":99999999999999999999`, false},
		"error/float":                 {Contacts(), `"added":1.5`, false},
		"error/float that is whole":   {Contacts(), `"added":1.0`, false},
		"error/object as time":        {Contacts(), `"added":{}`, false},
		"error/list as time":          {Contacts(), `"added":[1]`, false},
		"error/true as time":          {Contacts(), `"added":true`, false},
		"error/null as time":          {Contacts(), `"added":null`, false},
		"error/text as ms":            {Contacts(), `"added":1,"addedMs":"1"`, false},
		"error/negative ms":           {Contacts(), `"removedMs":-5`, false},
		"error/huge ms":               {Contacts(), `"addedMs":9007199254740993`, false},
		"error/text as bool":          {Contacts(), `"confirmed":"true"`, false},
		"error/number as bool":        {Contacts(), `"banned":1`, false},
		"error/null as bool":          {Contacts(), `"banned":null`, false},
		"error/number as text":        {Contacts(), `"conversationId":1`, false},
		"error/object as text":        {Contacts(), `"conversationId":{}`, false},
		"error/id too short":          {Contacts(), `"uri":"abc"`, false},
		"error/id in upper case":      {Contacts(), `"uri":"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"`, false},
		"error/id with prefix":        {Contacts(), `"uri":"jami:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"`, false},
		"error/id with newline":       {Contacts(), `"uri":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n"`, false},
		"error/id as number":          {Contacts(), `"uri":1`, false},
		"error/id is null":            {Contacts(), `"uri":null`, false},
		"conversation":                {Conversations(), `"created":1,"members":[{"uri":"a","x":1}],"mode":0,"invited":{"a":1},"lastDisplayed":"m","erased":0`, true},
		"error/members as text":       {Conversations(), `"members":"a"`, false},
		"error/members of texts":      {Conversations(), `"members":["a"]`, false},
		"error/member uri":            {Conversations(), `"members":[{"uri":{}}]`, false},
		"error/mode":                  {Conversations(), `"mode":"one"`, false},
		"error/mode is an object":     {Conversations(), `"mode":{}`, false},
		"error/invited":               {Conversations(), `"invited":{"a":"b"}`, false},
		"error/invited is negative":   {Conversations(), `"invited":{"a":-1}`, false},
		"error/erased":                {Conversations(), `"erased":-1`, false},
		"error/erasedMs":              {Conversations(), `"erasedMs":"x"`, false},
		"error/conversation id":       {Conversations(), `"id":"../../x"`, false},
		"error/empty conversation id": {Conversations(), `"id":""`, false},
		"request":                     {Requests(), `"received":1,"declined":0,"from":"a","metadatas":{"title":"x"}`, true},
		"error/metadatas":             {Requests(), `"metadatas":{"title":{"x":1}}`, false},
		"error/metadatas as list":     {Requests(), `"metadatas":[]`, false},
		"error/from":                  {Requests(), `"from":[]`, false},
		"error/declined":              {Requests(), `"declined":"x"`, false},
	} {
		t.Run(name, func(t *testing.T) {
			f.alice = f.AddUser(t, name, nil)
			good := text(t, with(t, c.kind, carol, `"z":1`))
			tried := text(t, with(t, c.kind, bob, c.members))
			answer := f.sync(t, c.kind, "["+tried+","+good+"]")
			if c.ok {
				require.JSONEq(t, "["+tried+","+good+"]", answer)
				return
			}
			require.JSONEq(t, "["+good+"]", answer, "the others go on")
			require.Error(t, c.kind.check(with(t, c.kind, bob, c.members)))
		})
	}
}
