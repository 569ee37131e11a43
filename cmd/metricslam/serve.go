package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/metricslam/metricslam/bag"
	"github.com/metricslam/metricslam/page"
	"github.com/metricslam/metricslam/pipeline"
)

// served is the page of a run; without --serve it does nothing.
type served struct {
	live   *page.Live
	server *http.Server
	url    string
	show   io.Writer
}

// headerTimeout is how long a browser may take to say what it wants.
const headerTimeout = 10 * time.Second

// openServe shows a run at an address from now on.
func openServe(address, name string, show io.Writer, log *slog.Logger) (served, error) {
	if address == "" {
		return served{}, nil
	}
	if why := page.Missing(); why != "" {
		return served{}, fmt.Errorf("--serve: %s", why)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return served{}, fmt.Errorf("--serve %s: %w; give HOST:PORT or :PORT of this machine", address, err)
	}
	s := served{live: page.NewLive(name), url: "http://" + shownAddress(listener.Addr()), show: show}
	s.server = &http.Server{Handler: s.live, ReadHeaderTimeout: headerTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelInfo)}
	go func() {
		if err := s.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Warn("--serve", "reason", err)
		}
	}()
	fmt.Fprintf(show, "the map as it grows: %s\n", s.url)
	return s, nil
}

// shownAddress is the address for a browser on this machine.
func shownAddress(a net.Addr) string {
	if t, ok := a.(*net.TCPAddr); ok && t.IP.IsUnspecified() {
		return fmt.Sprintf("localhost:%d", t.Port)
	}
	return a.String()
}

// watching gathers who watches a run: nobody, as a nil interface, without any.
func watching(window liveView, s served, rec *bag.Recorder) pipeline.Observer {
	var all pipeline.Observers
	if o := window.observer(); o != nil {
		all = append(all, o)
	}
	if s.live != nil {
		all = append(all, s.live)
	}
	if rec != nil {
		all = append(all, rec)
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// finish shows the finished map; without one the last snapshot stays.
func (s served) finish(scene *page.Scene) error {
	if s.live == nil || scene == nil {
		return nil
	}
	if err := s.live.Finish(scene); err != nil {
		return fmt.Errorf("--serve: %w", err)
	}
	return nil
}

// wait keeps the finished map there until ctx is cancelled.
func (s served) wait(ctx context.Context) {
	if s.live != nil && ctx.Err() == nil {
		fmt.Fprintf(s.show, "the finished map stays at %s until Ctrl-C\n", s.url)
		<-ctx.Done()
	}
}

// close ends all connections.
func (s served) close() {
	if s.live != nil {
		s.server.Close() // nothing is left to answer
		s.live.Close()
	}
}
