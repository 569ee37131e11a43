package bench

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/metricslam/metricslam/internal/stats"
)

// Summary is a finished table.
type Summary struct {
	Version  string       `json:"version"`
	Rows     []RowSummary `json:"rows"`
	Scale    ScaleShare   `json:"scale"`
	Outcomes []Outcome    `json:"outcomes"`
}

// RowSummary is a row: of every figure the median over the seeds and its range.
type RowSummary struct {
	Name    string           `json:"name"`
	Runs    int              `json:"runs"`
	Failed  int              `json:"failed"`
	Figures map[string]Range `json:"figures"`
	Failure string           `json:"failure,omitempty"` // the first
}

// Range is a median and the values beside it.
type Range struct {
	Median Number `json:"median"`
	Least  Number `json:"least"`
	Most   Number `json:"most"`
}

// Number is a figure that may be infinite, which JSON writes as a string.
type Number float64

// MarshalJSON writes infinity as "inf".
func (n Number) MarshalJSON() ([]byte, error) {
	if math.IsInf(float64(n), 0) {
		return json.Marshal(strconv.FormatFloat(float64(n), 'g', -1, 64))
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Number) UnmarshalJSON(text []byte) error {
	v, err := strconv.ParseFloat(strings.Trim(string(text), `"`), 64)
	*n = Number(v)
	return err
}

// ScaleShare says how often the true scale lay within the stated deviation, over
// all runs that state one and have a truth.
type ScaleShare struct {
	Runs      int     `json:"runs"`
	WithinOne float64 `json:"within_one"` // .68 of a normal error
	WithinTwo float64 `json:"within_two"` // .95
}

// Summarise makes the table of what came out, rows in order of appearance.
func Summarise(version string, outcomes []Outcome) Summary {
	s := Summary{Version: version, Outcomes: outcomes}
	byRow := make(map[string][]Outcome)
	var names []string
	for _, o := range outcomes {
		if byRow[o.Row] == nil {
			names = append(names, o.Row)
		}
		byRow[o.Row] = append(byRow[o.Row], o)
		if d, ok := o.Figures["scale_deviations"]; ok {
			s.Scale.Runs++
			if math.Abs(d) <= 1 {
				s.Scale.WithinOne++
			}
			if math.Abs(d) <= 2 {
				s.Scale.WithinTwo++
			}
		}
	}
	if n := float64(s.Scale.Runs); n > 0 {
		s.Scale.WithinOne /= n
		s.Scale.WithinTwo /= n
	}
	for _, name := range names {
		s.Rows = append(s.Rows, summariseRow(name, byRow[name]))
	}
	return s
}

// summariseRow takes the median of every figure. A run that failed counts as
// infinitely wrong in what is better when it is less, and as nothing in what is
// better when it is more.
func summariseRow(name string, outcomes []Outcome) RowSummary {
	r := RowSummary{Name: name, Runs: len(outcomes), Figures: make(map[string]Range)}
	for _, o := range outcomes {
		if o.Failure != "" && len(o.Figures) == 0 {
			r.Failed++
		}
		if o.Failure != "" && r.Failure == "" {
			r.Failure = fmt.Sprintf("seed %d: %s", o.Seed, o.Failure)
		}
	}
	for _, f := range Figures() {
		var values []float64
		known := false
		for _, o := range outcomes {
			v, ok := o.Figures[f.Key]
			switch {
			case ok:
				known = true
			case f.Better < 0:
				v = math.Inf(1)
			case f.Better == 0:
				continue
			}
			values = append(values, v)
		}
		if !known {
			continue
		}
		r.Figures[f.Key] = Range{Number(stats.Median(values)), Number(values[0]), Number(values[len(values)-1])} // sorted by the median
	}
	return r
}

// columns are the figures that any row knows.
func (s Summary) columns() (out []Figure) {
	for _, f := range Figures() {
		if slices.ContainsFunc(s.Rows, func(r RowSummary) bool { _, ok := r.Figures[f.Key]; return ok }) {
			out = append(out, f)
		}
	}
	return out
}

// cell is a median with its range as text.
func (r RowSummary) cell(f Figure) string {
	v, ok := r.Figures[f.Key]
	if !ok {
		return "-"
	}
	text := func(n Number) string {
		if math.IsInf(float64(n), 0) {
			return "failed"
		}
		return fmt.Sprintf(f.Format, f.shown(float64(n)))
	}
	if r.Runs == 1 || text(v.Least) == text(v.Most) {
		return text(v.Median)
	}
	return fmt.Sprintf("%s (%s..%s)", text(v.Median), text(v.Least), text(v.Most))
}

// runs says how many runs a row has, and how many failed.
func (r RowSummary) runs() string {
	if r.Failed == 0 {
		return strconv.Itoa(r.Runs)
	}
	return fmt.Sprintf("%d, %d failed", r.Runs, r.Failed)
}

// WriteText writes the table for a terminal.
func (s Summary) WriteText(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	columns := s.columns()
	head := []string{"row", "runs"}
	for _, f := range columns {
		head = append(head, f.heading())
	}
	fmt.Fprintln(w, strings.Join(head, "\t"))
	for _, r := range s.Rows {
		cells := []string{r.Name, r.runs()}
		for _, f := range columns {
			cells = append(cells, r.cell(f))
		}
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, r := range s.Rows {
		if r.Failure != "" {
			fmt.Fprintf(out, "%s: %s\n", r.Name, r.Failure)
		}
	}
	if s.Scale.Runs > 0 {
		fmt.Fprintf(out, "scale of %d runs: %.0f %% within one stated deviation, %.0f %% within two\n", s.Scale.Runs, 100*s.Scale.WithinOne, 100*s.Scale.WithinTwo)
	}
	return nil
}

func (f Figure) heading() string {
	if f.Unit == "" {
		return f.Title
	}
	return f.Title + " [" + f.Unit + "]"
}

// WriteCSV writes every run as a row, in plain units.
func (s Summary) WriteCSV(out io.Writer) error {
	w := csv.NewWriter(out)
	head := []string{"row", "seed", "exit_status", "failure"}
	for _, f := range Figures() {
		head = append(head, f.Key)
	}
	if err := w.Write(head); err != nil {
		return err
	}
	for _, o := range s.Outcomes {
		cells := []string{o.Row, strconv.FormatUint(o.Seed, 10), strconv.Itoa(o.ExitStatus), o.Failure}
		for _, f := range Figures() {
			v, ok := o.Figures[f.Key]
			text := ""
			if ok {
				text = strconv.FormatFloat(v, 'g', -1, 64)
			}
			cells = append(cells, text)
		}
		if err := w.Write(cells); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
