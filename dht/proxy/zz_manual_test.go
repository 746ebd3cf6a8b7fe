package proxy
import ("testing";"fmt";"regexp")
func TestManual(t *testing.T) {
	r := run(t, testLimits())
	for name, x := range map[string]*running{"ours": r} {
		d := startDhtnode(t, r.trusting(), "-v", "-p","0","--proxyclient", x.url)
		d.awaitFrom(0, "IPv4: connected")
		for i := range 5 { d.enter(fmt.Sprintf("p %s%d hello", name,i), "Put: success"); d.enter(fmt.Sprintf("g %s%d", name,i), "Get: completed") }
		for _, m := range regexp.MustCompile(`(Put: success|Get: completed), took [^ ]+ ms`).FindAllString(d.output.String(), -1) { fmt.Println(name, m) }
	}
}
