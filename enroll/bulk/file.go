// SPDX-License-Identifier: GPL-3.0-or-later

package bulk

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// The columns of a file, by their names in its first line.
const (
	columnUsername     = "username"
	columnPassword     = "password"
	columnFirstName    = "first_name"
	columnLastName     = "last_name"
	columnEmail        = "email"
	columnPhone        = "phone"
	columnOrganization = "organization"
	columnGroups       = "groups"
)

func columns() []string {
	return []string{
		columnUsername, columnPassword, columnFirstName, columnLastName, columnEmail, columnPhone, columnOrganization, columnGroups,
	}
}

const (
	// maxUsers bounds a file.
	maxUsers = 10_000
	// groupSeparator stands between the groups of a user.
	groupSeparator = "|"
	byteOrderMark  = "\ufeff"
	// formula characters make a spreadsheet compute what is in a cell.
	formula = "=+-@\t\r"
)

// Problem is something wrong in a file.
type Problem struct {
	// Line counts from 1, the first line; 0 is the file as a whole.
	Line int
	// Column is the name of a column; empty is the line as a whole.
	Column  string
	Message string
}

func (p Problem) String() string {
	switch {
	case p.Line == 0:
		return p.Message
	case p.Column == "":
		return fmt.Sprintf("line %d: %s", p.Line, p.Message)
	}
	return fmt.Sprintf("line %d, column %s: %s", p.Line, p.Column, p.Message)
}

// row is a user as a line of a file describes one.
type row struct {
	Line         int      `json:"line"`
	Username     string   `json:"username"`
	Password     string   `json:"password"`
	FirstName    string   `json:"first_name,omitempty"`
	LastName     string   `json:"last_name,omitempty"`
	Email        string   `json:"email,omitempty"`
	Phone        string   `json:"phone,omitempty"`
	Organization string   `json:"organization,omitempty"`
	Groups       []string `json:"groups,omitempty"`
}

// parse reads a file: UTF-8 with or without byte order mark, separated by
// commas, semicolons or tabs, with the names of the columns in its first line.
func parse(file []byte) ([]row, []Problem) {
	if i := invalid(file); i >= 0 {
		return nil, []Problem{{Line: 1 + bytes.Count(file[:i], []byte("\n")),
			Message: "the file is not UTF-8: save it as \"CSV UTF-8\""}}
	}
	file = bytes.TrimPrefix(file, []byte(byteOrderMark))
	r := csv.NewReader(bytes.NewReader(file))
	r.Comma = separator(file)
	r.FieldsPerRecord = -1 // told in our words
	header, err := r.Read()
	if err != nil {
		return nil, []Problem{broken(err, "the file is empty: its first line has to name the columns")}
	}
	problems := checkHeader(header)
	if len(problems) > 0 {
		return nil, problems
	}
	var rows []row
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			if len(problems) == 0 {
				problems = checkCount(rows)
			}
			return rows, problems
		}
		if err != nil {
			// What follows a wrong quotation mark would be read wrongly.
			return nil, append(problems, broken(err, ""))
		}
		line, _ := r.FieldPos(0)
		switch {
		case len(fields) != len(header):
			problems = append(problems, Problem{Line: line, Message: fmt.Sprintf(
				"%d columns, but the first line names %d: put a value with the separator in it into quotation marks", len(fields), len(header))})
		case len(rows) <= maxUsers:
			rows = append(rows, newRow(line, header, fields))
		}
	}
}

// invalid returns where a file stops being UTF-8 text, or -1.
func invalid(file []byte) int {
	for i := 0; i < len(file); {
		r, size := utf8.DecodeRune(file[i:])
		if r == utf8.RuneError && size == 1 || r == 0 {
			return i
		}
		i += size
	}
	return -1
}

// separator returns the one that makes the most of the first line.
func separator(file []byte) rune {
	first, _, _ := bytes.Cut(file, []byte("\n"))
	best := ','
	for _, candidate := range ";\t" {
		if bytes.Count(first, []byte(string(candidate))) > bytes.Count(first, []byte(string(best))) {
			best = candidate
		}
	}
	return best
}

func broken(err error, empty string) Problem {
	var wrong *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return Problem{Message: empty}
	case errors.As(err, &wrong):
		return Problem{Line: wrong.StartLine, Message: fmt.Sprintf(
			"character %d of line %d: a quotation mark is wrong: a value with one in it has to be in quotation marks, with the inner one doubled",
			wrong.Column, wrong.Line)}
	}
	return Problem{Message: err.Error()}
}

func checkHeader(header []string) []Problem {
	for i, name := range header {
		header[i] = strings.ToLower(strings.TrimSpace(name))
	}
	if !slices.ContainsFunc(header, func(name string) bool { return slices.Contains(columns(), name) }) {
		// It is not shown: it may be a person's, with the password.
		return []Problem{{Line: 1, Message: "it has to name the columns, which can be " + strings.Join(columns(), ", ")}}
	}
	var problems []Problem
	for i, name := range header {
		switch {
		case !slices.Contains(columns(), name):
			problems = append(problems, Problem{Line: 1, Message: fmt.Sprintf(
				"there is no column %q; there are %s", name, strings.Join(columns(), ", "))})
		case slices.Contains(header[:i], name):
			problems = append(problems, Problem{Line: 1, Message: fmt.Sprintf("column %s is there twice", name)})
		}
	}
	for _, needed := range []string{columnUsername, columnPassword} {
		if !slices.Contains(header, needed) {
			problems = append(problems, Problem{Line: 1, Message: fmt.Sprintf("column %s is missing", needed)})
		}
	}
	return problems
}

func checkCount(rows []row) []Problem {
	switch {
	case len(rows) == 0:
		return []Problem{{Message: "there is no user in the file"}}
	case len(rows) > maxUsers:
		return []Problem{{Line: rows[maxUsers].Line, Message: fmt.Sprintf(
			"more than %d users: split the file, and import each part when the one before is done", maxUsers)}}
	}
	return nil
}

func newRow(line int, header, fields []string) row {
	r := row{Line: line}
	for i, name := range header {
		value := fields[i]
		if name != columnPassword {
			value = plain(strings.TrimSpace(value))
		}
		switch name {
		case columnUsername:
			r.Username = value
		case columnPassword:
			r.Password = value
		case columnFirstName:
			r.FirstName = value
		case columnLastName:
			r.LastName = value
		case columnEmail:
			r.Email = value
		case columnPhone:
			r.Phone = value
		case columnOrganization:
			r.Organization = value
		case columnGroups:
			for name := range strings.SplitSeq(value, groupSeparator) {
				if name = strings.TrimSpace(name); name != "" {
					r.Groups = append(r.Groups, name)
				}
			}
		}
	}
	return r
}

// inert returns a value that no spreadsheet takes for a formula.
func inert(value string) string {
	if value != "" && (strings.ContainsRune(formula, rune(value[0])) || value[0] == '\'' && plain(value) != value) {
		return "'" + value
	}
	return value
}

// plain undoes inert.
func plain(value string) string {
	if rest, ok := strings.CutPrefix(value, "'"); ok && rest != "" && strings.ContainsRune(formula+"'", rune(rest[0])) {
		return rest
	}
	return value
}
