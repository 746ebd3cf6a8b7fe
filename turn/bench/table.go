// SPDX-License-Identifier: GPL-3.0-or-later

//go:build linux

package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"text/tabwriter"
)

// table gathers the values of all rounds.
type table struct {
	rows   []row
	values map[cell][]float64
	noise  float64 // the most that other programs took of a CPU
}

type cell struct {
	row, figure int
	relay       relay
}

func newTable(rows []row) *table { return &table{rows: rows, values: map[cell][]float64{}} }

func (t *table) add(row int, of relay, values []float64, noise float64) {
	for i, v := range values {
		at := cell{row, i, of}
		t.values[at] = append(t.values[at], v)
	}
	t.noise = max(t.noise, noise)
}

// print writes the medians, with the lowest and the highest value behind them
// where there are several.
func (t *table) print(w io.Writer, o options) {
	fmt.Fprintf(w, "medians of up to %d rounds (lowest..highest), loads of %s, %d clients in UDP loads, %d CPUs; relay on CPU %d, generator on CPU %d\n",
		t.rounds(), o.duration, o.clients, runtime.NumCPU(), relayCPU, generatorCPU)
	fmt.Fprintf(w, "other programs took at most %.0f%% of a CPU\n\n", 100*t.noise)
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(columns, "figure\tunit\tjamibox\tcoturn\tratio\tgoal\t")
	for i, r := range t.rows {
		if t.values[cell{i, 0, jamibox}] == nil {
			continue // the run ended before
		}
		fmt.Fprintf(columns, "%s\t\t\t\t\t\t\n", r.name)
		for k, f := range r.figures {
			ours, theirs := t.values[cell{i, k, jamibox}], t.values[cell{i, k, coturn}]
			fmt.Fprintf(columns, "  %s\t%s\t%s\t%s\t%s\t%s\t\n", f.name, f.unit, span(ours), span(theirs), ratio(ours, theirs), f.verdict(ours, theirs))
		}
	}
	_ = columns.Flush() // w tells its own errors
}

// rounds is how many rounds were begun.
func (t *table) rounds() int {
	most := 0
	for _, values := range t.values {
		most = max(most, len(values))
	}
	return most
}

func (f figure) verdict(ours, theirs []float64) string {
	if f.atMost == 0 || len(ours) == 0 || len(theirs) == 0 {
		return ""
	}
	reached, goal := median(ours)/median(theirs), strconv.FormatFloat(f.atMost, 'g', -1, 64)
	if f.absolute {
		reached, goal = median(ours), goal+" "+f.unit
	}
	if reached <= f.atMost {
		return goal + " reached"
	}
	return goal + " MISSED"
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
