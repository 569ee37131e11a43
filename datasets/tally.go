package datasets

import (
	"fmt"
	"strings"
	"sync"
)

// tally counts what a source mends or makes up while it is read. The zero value
// is ready; it may be read while the source is.
type tally struct {
	mu     sync.Mutex
	texts  []string // in the order of their first time; %d is the count
	counts map[string]int
}

// add counts one case of what text tells; %d in it stands for the count, where it
// can be more than one.
func (t *tally) add(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts = map[string]int{}
	}
	if t.counts[text] == 0 {
		t.texts = append(t.texts, text)
	}
	t.counts[text]++
}

// warnings returns what was counted so far behind the given texts.
func (t *tally) warnings(before []string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := append([]string{}, before...)
	for _, text := range t.texts {
		if strings.Contains(text, "%d") {
			text = fmt.Sprintf(text, t.counts[text])
		}
		out = append(out, text)
	}
	return out
}
