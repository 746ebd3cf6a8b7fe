// SPDX-License-Identifier: GPL-3.0-or-later

package bulk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	ann := row{Line: 2, Username: "ann", Password: " pass,word ", FirstName: "Änn", Phone: "+33 1", Groups: []string{"staff", "choir"}}
	for name, file := range map[string]string{
		"commas":          "username,password,first_name,phone,groups\nann,\" pass,word \",Änn,+33 1,staff|choir\n",
		"semicolons":      "username;password;first_name;phone;groups\r\nann; pass,word ;Änn;'+33 1;staff| choir |\r\n",
		"tabs":            "username\tpassword\tfirst_name\tphone\tgroups\nann\t pass,word \tÄnn\t+33 1\tstaff|choir",
		"byte order mark": "\ufeffusername,password,first_name,phone,groups\nann,\" pass,word \",Änn,+33 1,staff|choir\n",
		"other order":     "groups,Phone, PASSWORD ,username,first_name\nstaff|choir,+33 1,\" pass,word \", ann ,Änn\n\n",
	} {
		rows, problems := parse([]byte(file))
		require.Empty(t, problems, name)
		require.Equal(t, []row{ann}, rows, name)
	}
}

func TestWrongFiles(t *testing.T) {
	const header = "username,password\n"
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"empty":          {"", []string{"the file is empty"}},
		"mark alone":     {"\ufeff", []string{"the file is empty"}},
		"header alone":   {header, []string{"no user"}},
		"not UTF-8":      {header + "bob,password\nj\xf6rg,password\n", []string{"line 3: the file is not UTF-8"}},
		"UTF-16":         {"u\x00s\x00e\x00r\x00", []string{"line 1: the file is not UTF-8"}},
		"unknown column": {"username,password,shoe_size\na,b,c\n", []string{`line 1: there is no column "shoe_size"; there are username`}},
		"no header":      {"ann,password1\nbob,password2\n", []string{"line 1: it has to name the columns, which can be username, password"}},
		"twice":          {"username,password,Username\n", []string{"line 1: column username is there twice"}},
		"no passwords":   {"username\nann\n", []string{"line 1: column password is missing"}},
		"too few":        {header + "ann,password\nbob\n", []string{"line 3: 1 columns, but the first line names 2"}},
		"too many":       {header + "ann,pass,word\nbob,x,y\n", []string{"line 2: 3 columns", "line 3: 3 columns"}},
		"open quote":     {header + "ann,\"password\nbob,password\n", []string{"line 2: character"}},
		"bare quote":     {header + "ann,pass\"word\n", []string{"line 2: character 9 of line 2: a quotation mark is wrong"}},
		"too many users": {header + strings.Repeat("a,b\n", maxUsers+5), []string{"line 10002: more than 10000 users"}},
	} {
		_, problems := parse([]byte(c.file))
		var texts []string
		for _, p := range problems {
			texts = append(texts, p.String())
		}
		require.Len(t, texts, len(c.want), "%s: %q", name, texts)
		for i := range c.want {
			require.Contains(t, texts[i], c.want[i], name)
		}
	}
}

func TestLinesAreThoseOfTheFile(t *testing.T) {
	rows, problems := parse([]byte("username,password,organization\n\nann,x,\"two\nlines\"\nbob,x,\n"))
	require.Empty(t, problems)
	require.Equal(t, 3, rows[0].Line)
	require.Equal(t, 5, rows[1].Line)
}

func TestInert(t *testing.T) {
	for value, want := range map[string]string{
		"=1+1": "'=1+1", "+33 1": "'+33 1", "-1": "'-1", "@x": "'@x", "\t=1": "'\t=1", "": "", "ann": "ann", "'": "'", "'s": "'s",
		"'=1": "''=1", "''": "'''", "a=1": "a=1", "é": "é",
	} {
		require.Equal(t, want, inert(value), "%q", value)
		require.Equal(t, value, plain(inert(value)), "%q", value)
	}
}

func FuzzInert(f *testing.F) {
	for _, seed := range []string{"", "=cmd|' /C calc'!A0", "'+", "''''-", "'", "@", "\r", "+33", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		safe := inert(value)
		require.Equal(t, value, plain(safe))
		require.False(t, safe != "" && strings.ContainsRune(formula, rune(safe[0])), "%q", safe)
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"username,password\nann,password\n", "\ufeffusername;password;groups\r\nann;\"pass;word\";a|b\r\n", "username\tpassword\n\"\"\t\"\"\"\"\n",
		"", "\"", "username,password\n\"", "\xff", "username,password\n,\n", "a,b;c\td\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		rows, problems := parse(file)
		require.True(t, len(rows) > 0 || len(problems) > 0)
		last := 1
		for _, r := range rows {
			require.Greater(t, r.Line, last, fmt.Sprintf("%q", file))
			last = r.Line
		}
		for _, p := range problems {
			require.NotEmpty(t, p.Message)
		}
	})
}
