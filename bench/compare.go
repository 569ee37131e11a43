package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
)

// ReadSummary reads the bench.json of an earlier bench.
func ReadSummary(path string) (Summary, error) {
	var s Summary
	text, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("%s is no bench.json: %w", path, err)
	}
	return s, nil
}

// Change is a figure that differs between two tables by more than chance.
type Change struct {
	Row           string
	Figure        Figure
	Before, After float64
	Worse         bool
}

// changeShare is by how much a median may differ before it is news: two versions
// that differ in anything take other keyframes, and medians over few seeds move
// by a tenth with that.
const changeShare = .1

// Compare lists what became better or worse: medians that differ by more than
// the tenth of the earlier one and the figure's slack. Rows of one table alone are
// not compared.
func Compare(before, after Summary) (out []Change) {
	old := make(map[string]RowSummary)
	for _, r := range before.Rows {
		old[r.Name] = r
	}
	for _, r := range after.Rows {
		was, ok := old[r.Name]
		if !ok {
			continue
		}
		for _, f := range Figures() {
			a, had := was.Figures[f.Key]
			b, has := r.Figures[f.Key]
			if !had || !has || f.Better == 0 {
				continue
			}
			x, y := float64(a.Median), float64(b.Median)
			if x == y || math.Abs(y-x) <= max(f.Slack, changeShare*math.Abs(x)) && !math.IsInf(x, 0) {
				continue
			}
			out = append(out, Change{Row: r.Name, Figure: f, Before: x, After: y, Worse: (y-x)*float64(f.Better) < 0})
		}
	}
	return out
}

// WriteChanges writes the changes, the worse ones first, and returns how many
// are worse.
func WriteChanges(out io.Writer, changes []Change) (worse int) {
	for _, bad := range []bool{true, false} {
		for _, c := range changes {
			if c.Worse != bad {
				continue
			}
			word := "better"
			if bad {
				word = "WORSE"
				worse++
			}
			fmt.Fprintf(out, "%-6s %s: %s "+c.Figure.Format+" -> "+c.Figure.Format+"\n", word, c.Row, c.Figure.heading(), c.Figure.shown(c.Before), c.Figure.shown(c.After))
		}
	}
	if len(changes) == 0 {
		fmt.Fprintln(out, "nothing differs by more than chance")
	}
	return worse
}
