// SPDX-License-Identifier: GPL-3.0-or-later

package source

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSearchFilter(t *testing.T) {
	mapping := Mapping{Username: []string{"uid"}, FirstName: []string{"f"}, LastName: []string{"l"}, DisplayName: []string{"d"}, Email: []string{"m"},
		Phone: []string{"p"}, Mobile: []string{"q"}, ID: []string{"i"}}
	c := Config{Kind: KindLDAP, UsersFilter: "(x=*)", Mapping: mapping}
	for _, tt := range []struct {
		name  string
		kind  Kind
		words []string
		want  string
	}{
		{"everybody", KindLDAP, nil, "(x=*)"},
		{"blank", KindLDAP, []string{" "}, "(x=*)"},
		{"word", KindLDAP, []string{"al"}, "(&(x=*)(|(uid=*al*)(f=*al*)(l=*al*)(d=*al*)(m=*al*)))"},
		{"beginnings", KindAD, []string{"al"}, "(&(x=*)(|(uid=al*)(f=al*)(l=al*)(d=al*)(m=al*)))"},
		{"two", KindLDAP, []string{"a", "b"}, "(&(x=*)(|(uid=*a*)(f=*a*)(l=*a*)(d=*a*)(m=*a*))(|(uid=*b*)(f=*b*)(l=*b*)(d=*b*)(m=*b*)))"},
		{"number", KindLDAP, []string{"+33"}, "(&(x=*)(|(uid=*+33*)(f=*+33*)(l=*+33*)(d=*+33*)(m=*+33*)(p=*+33*)(q=*+33*)))"},
		{"escaped", KindLDAP, []string{"*)("}, `(&(x=*)(|(uid=*\2a\29\28*)(f=*\2a\29\28*)(l=*\2a\29\28*)(d=*\2a\29\28*)(m=*\2a\29\28*)))`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c.Kind = tt.kind
			require.Equal(t, tt.want, c.SearchFilter(tt.words))
		})
	}
}
