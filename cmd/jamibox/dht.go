// SPDX-License-Identifier: GPL-3.0-or-later

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"jamibox/enroll/admin"
)

func newDHT(g *globals) *cobra.Command {
	return group("dht", "See the node through which clients find each other", newDHTStatus(g))
}

func newDHTStatus(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show what the DHT node knows, stores and serves",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.connect()
			if err != nil {
				return err
			}
			var s admin.DHTState
			if err := c.call(cmd.Context(), http.MethodGet, "/dht", nil, &s); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), s, func(w io.Writer) { writeDHT(w, s) })
		},
	}
}

func writeDHT(w io.Writer, s admin.DHTState) {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	defer table.Flush()
	line := func(name, format string, values ...any) {
		fmt.Fprintf(table, "%s\t%s\n", name, fmt.Sprintf(format, values...))
	}
	line("state", "%s", strings.TrimSpace(s.State+"  "+s.Detail))
	if s.Engine != "" {
		line("engine", "%s", s.Engine)
	}
	if s.NodeID != "" {
		line("node", "%s", s.NodeID)
	}
	if s.Port != 0 && s.Node == nil {
		line("port", "%d/udp", s.Port)
	}
	if s.StartedAt != nil {
		line("started", "%s", s.StartedAt.Local().Format(time.DateTime))
	}
	if s.ProbedAt != nil {
		line("last probe", "%s, answered in %.1f ms", s.ProbedAt.Local().Format(time.DateTime), 1000*s.ProbeSeconds)
	}
	if s.Node == nil && s.ProbedAt != nil {
		line("listed", "%d nodes, of 8 at most", s.Listed)
	}
	if s.Unknown != "" {
		line("not known", "%s", s.Unknown)
	}
	if s.Node != nil {
		writeDHTNode(table, line, s.Node)
	}
}

func writeDHTNode(w io.Writer, line func(name, format string, values ...any), n *admin.DHTNode) {
	line("listens", "%s", cmp.Or(strings.Join(n.Addresses, " "), "-"))
	line("nodes, IPv4", "%d good, %d dubious, %d expired", n.IPv4.Good, n.IPv4.Dubious, n.IPv4.Expired)
	line("nodes, IPv6", "%d good, %d dubious, %d expired", n.IPv6.Good, n.IPv6.Dubious, n.IPv6.Expired)
	line("stored", "%d values under %d keys, %s; %d expired, %d evicted", n.Values, n.Keys, size(n.Bytes), n.ExpiredValues, n.EvictedValues)
	line("listeners", "%d, %d messages sent to them", n.Listeners, n.Pushes)
	line("replicated", "%d values, to nodes that came", n.Replicated)
	line("dropped", "%d requests, %d of one address, %d answers", n.Dropped.Requests, n.Dropped.RequestsPerSource, n.Dropped.Answers)
	line("rejected", "%s", counted(n.Rejected))
	line("puts", "%s", counted(n.Puts))

	fmt.Fprintln(w, "\nREQUEST\tTOTAL\tPER SECOND")
	for _, kind := range slices.Sorted(maps.Keys(n.Requests)) {
		fmt.Fprintf(w, "%s\t%d\t%.1f\n", kind, n.Requests[kind], n.PerSecond[kind])
	}
	if len(n.Types) > 0 {
		fmt.Fprintln(w, "\nTYPE\tVALUES\tBYTES")
	}
	for _, t := range n.Types {
		fmt.Fprintf(w, "%s\t%d\t%s\n", t.Type, t.Values, size(t.Bytes))
	}
	if len(n.Neighbours) > 0 {
		fmt.Fprintln(w, "\nNEIGHBOUR\tADDRESS")
	}
	for _, other := range n.Neighbours {
		fmt.Fprintf(w, "%s\t%s\n", other.NodeID, other.Addr)
	}
}

func size(bytes int64) string { return humanize.Bytes(uint64(max(0, bytes))) }

// counted writes counts in the order of their names.
func counted(counts map[string]uint64) string {
	var texts []string
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		texts = append(texts, fmt.Sprintf("%d %s", counts[what], what))
	}
	return cmp.Or(strings.Join(texts, ", "), "none")
}
