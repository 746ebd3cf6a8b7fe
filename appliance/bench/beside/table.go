// SPDX-License-Identifier: GPL-3.0-or-later

package beside

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"text/tabwriter"
)

// Side is one of the two that are measured.
type Side int

// The sides.
const (
	Ours Side = iota
	Theirs
)

// Row is one measurement, which yields some figures at once.
type Row struct {
	Name    string
	Figures []Figure
}

// Figure is one line of the table.
type Figure struct {
	Name, Unit string
	Goal       Goal
}

// Goal is what our value has to be; the zero value is none.
type Goal struct {
	words    string
	bound    float64
	least    bool // instead of most
	absolute bool // instead of a multiple of theirs
}

// AtLeast is a multiple of their value that ours has to reach.
func AtLeast(times float64) Goal { return Goal{words: "at least", bound: times, least: true} }

// AtMost is a multiple of their value that ours may be.
func AtMost(times float64) Goal { return Goal{words: "at most", bound: times} }

// Within is a value that ours may be, whatever theirs is.
func Within(value float64) Goal { return Goal{words: "at most", bound: value, absolute: true} }

// Table gathers the values of all rounds.
type Table struct {
	names  [2]string // by side
	rows   []Row
	values map[cell][]float64
	noise  float64 // the most that other programs took of a CPU
}

type cell struct {
	row, figure int
	side        Side
}

// NewTable returns an empty table of these rows; ours and theirs are the heads of
// its columns.
func NewTable(ours, theirs string, rows []Row) *Table {
	return &Table{names: [2]string{ours, theirs}, rows: rows, values: map[cell][]float64{}}
}

// Add adds the values of one measurement, one for each figure of the row. Noise is
// the share of a CPU that other programs took meanwhile.
func (t *Table) Add(row int, side Side, values []float64, noise float64) {
	for i, v := range values {
		at := cell{row, i, side}
		t.values[at] = append(t.values[at], v)
	}
	t.noise = max(t.noise, noise)
}

// Values returns the values of one figure in the order of the rounds.
func (t *Table) Values(row, figure int, side Side) []float64 {
	return t.values[cell{row, figure, side}]
}

// Rounds is how many rounds were begun.
func (t *Table) Rounds() int {
	most := 0
	for _, values := range t.values {
		most = max(most, len(values))
	}
	return most
}

// Print writes the medians, with the lowest and the highest value behind them
// where there are several. Rows that were not measured are left out.
func (t *Table) Print(w io.Writer) error {
	fmt.Fprintf(w, "medians of up to %d rounds (lowest..highest); other programs took at most %.0f%% of a CPU\n\n", t.Rounds(), 100*t.noise)
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(columns, "figure\tunit\t%s\t%s\tratio\tgoal\t\n", t.names[Ours], t.names[Theirs])
	for i, r := range t.rows {
		if t.Values(i, 0, Ours) == nil {
			continue // the run ended before
		}
		fmt.Fprintf(columns, "%s\t\t\t\t\t\t\n", r.Name)
		for k, f := range r.Figures {
			ours, theirs := t.Values(i, k, Ours), t.Values(i, k, Theirs)
			fmt.Fprintf(columns, "  %s\t%s\t%s\t%s\t%s\t%s\t\n", f.Name, f.Unit, span(ours), span(theirs), ratio(ours, theirs), f.verdict(ours, theirs))
		}
	}
	return columns.Flush()
}

// verdict says whether the goal was reached, if there is one.
func (f Figure) verdict(ours, theirs []float64) string {
	g := f.Goal
	if g.words == "" || len(ours) == 0 || !g.absolute && (len(theirs) == 0 || median(theirs) == 0) {
		return ""
	}
	reached, text := median(ours), fmt.Sprintf("%s %s", g.words, number(g.bound))
	if g.absolute {
		text += " " + f.Unit
	} else {
		reached /= median(theirs)
	}
	if g.least && reached >= g.bound || !g.least && reached <= g.bound {
		return text + " reached"
	}
	return text + " MISSED"
}

func ratio(ours, theirs []float64) string {
	if len(ours) == 0 || len(theirs) == 0 || median(theirs) == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", median(ours)/median(theirs))
}

func span(values []float64) string {
	switch len(values) {
	case 0:
		return "-"
	case 1:
		return number(values[0])
	}
	return fmt.Sprintf("%s (%s..%s)", number(median(values)), number(slices.Min(values)), number(slices.Max(values)))
}

// number writes three digits or a whole number.
func number(v float64) string {
	if v >= 100 || v <= -100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
