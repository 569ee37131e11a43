package page

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// The kinds of messages: of each a watcher gets the newest.
const (
	wholeMap = iota
	frame
	kinds
)

const (
	mostWatchers = 32
	// writeTimeout is how long a watcher may take for a message: a map of some
	// megabytes at 100 kB/s.
	writeTimeout = 60 * time.Second
)

// watcher is a browser. Its queue holds one message of each kind: what a slow one
// has no time for is replaced.
type watcher struct {
	pending [kinds][]byte // guarded by Live.mu
	wake    chan struct{}
}

// offer puts a message in place of one of its kind that was not sent.
func (w *watcher) offer(kind int, data []byte) {
	w.pending[kind] = data
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// ServeHTTP serves the page at / and its WebSocket at /live.
func (l *Live) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		l.servePage(rw)
	case "/live":
		l.watch(rw, r)
	default:
		http.NotFound(rw, r)
	}
}

//go:embed web/live.html
var liveHTML string

var livePage = template.Must(template.New("live").Parse(liveHTML))

func (l *Live) servePage(rw http.ResponseWriter) {
	view, err := newView(nil, "live")
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	var b bytes.Buffer
	if err := livePage.Execute(&b, struct {
		Title string
		*View
	}{l.title, view}); err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	rw.Header().Set("Cache-Control", "no-store") // the next run is another one
	rw.Write(b.Bytes())                          // who has left needs no answer
}

// watch sends a browser what is new until either side ends.
func (l *Live) watch(rw http.ResponseWriter, r *http.Request) {
	w, ok := l.join()
	if !ok {
		http.Error(rw, "too many watchers", http.StatusServiceUnavailable)
		return
	}
	defer l.leave(w)
	conn, err := websocket.Accept(rw, r, nil)
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow()
	ctx := conn.CloseRead(r.Context())
	defer context.AfterFunc(l.ctx, func() { conn.CloseNow() })()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		}
		l.mu.Lock()
		messages := w.pending
		w.pending = [kinds][]byte{}
		l.mu.Unlock()
		for _, m := range messages {
			if m == nil {
				continue
			}
			if err := write(ctx, conn, m); err != nil {
				return
			}
		}
	}
}

func write(ctx context.Context, conn *websocket.Conn, m []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	return conn.Write(ctx, websocket.MessageBinary, m)
}

// join adds a watcher, who gets the last messages at once; false where there are
// too many, or the run is closed.
func (l *Live) join() (*watcher, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.watchers) >= mostWatchers || l.ctx.Err() != nil {
		return nil, false
	}
	w := &watcher{wake: make(chan struct{}, 1)}
	for kind, m := range l.kept {
		if m != nil {
			w.offer(kind, m)
		}
	}
	l.watchers[w] = struct{}{}
	l.conns.Add(1)
	return w, true
}

func (l *Live) leave(w *watcher) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.watchers, w)
	l.conns.Done()
}
