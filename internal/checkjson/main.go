// Command checkjson holds numbers of a JSON file against bounds:
//
//	checkjson report.json 'posed_share>=1' 'accuracy.kitti.t_rel<=3'
//
// It prints each and exits with status 1 where one is missing or out of bounds.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: checkjson FILE 'path.to.number<=BOUND'|'path.to.number>=BOUND' ...")
		os.Exit(2)
	}
	text, err := os.ReadFile(os.Args[1])
	if err == nil {
		err = check(os.Stdout, text, os.Args[2:])
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "checkjson: %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}

// check prints each number with its bound, and returns an error that names
// those out of bounds.
func check(w io.Writer, text []byte, bounds []string) error {
	var doc any
	if err := json.Unmarshal(text, &doc); err != nil {
		return err
	}
	var bad []string
	for _, b := range bounds {
		got, ok, err := holds(doc, b)
		if err != nil {
			return err
		}
		verdict := "ok"
		if !ok {
			verdict = "OUT OF BOUNDS"
			bad = append(bad, fmt.Sprintf("%s (is %.6g)", b, got))
		}
		fmt.Fprintf(w, "  %-28s %12.6g  %s\n", b, got, verdict)
	}
	if len(bad) > 0 {
		return fmt.Errorf("out of bounds: %s", strings.Join(bad, ", "))
	}
	return nil
}

// holds evaluates one bound.
func holds(doc any, bound string) (got float64, ok bool, err error) {
	i := strings.Index(bound, "=")
	if i < 1 || (bound[i-1] != '<' && bound[i-1] != '>') {
		return 0, false, fmt.Errorf("%q: want path<=number or path>=number", bound)
	}
	limit, err := strconv.ParseFloat(bound[i+1:], 64)
	if err != nil {
		return 0, false, fmt.Errorf("%q: %w", bound, err)
	}
	path := bound[:i-1]
	got, err = number(doc, path)
	if err != nil {
		return 0, false, err
	}
	if bound[i-1] == '<' {
		return got, got <= limit, nil
	}
	return got, got >= limit, nil
}

// number returns the number at the dotted path of object keys.
func number(doc any, path string) (float64, error) {
	v := doc
	for _, key := range strings.Split(path, ".") {
		object, _ := v.(map[string]any)
		next, ok := object[key]
		if !ok {
			return 0, fmt.Errorf("no %q on the way to %q", key, path)
		}
		v = next
	}
	x, ok := v.(float64)
	if !ok {
		return 0, fmt.Errorf("%q is %v, not a number", path, v)
	}
	return x, nil
}
