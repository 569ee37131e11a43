// Package browser drives a headless Chromium for tests, by the DevTools protocol.
package browser

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// startS is how long Chromium may take to come up, and any of its answers.
const startS = 60

// find returns the program: the one named by METRICSLAM_CHROMIUM, else what
// scripts/chromium.sh installs.
func find() (string, error) {
	if p := os.Getenv("METRICSLAM_CHROMIUM"); p != "" {
		return p, nil
	}
	for _, name := range []string{"chromium-headless-shell", "chromium"} {
		if p, err := exec.LookPath(name); err == nil {
			return p, nil
		}
	}
	return "", errors.New("no chromium-headless-shell or chromium; scripts/chromium.sh installs it where Debian has it")
}

// Page is one page of a browser of its own.
type Page struct {
	t    testing.TB
	ctx  context.Context
	conn *websocket.Conn

	mu       sync.Mutex
	calls    int
	waiting  map[int]chan answer
	errors   []string // of the page's console and scripts
	requests []string // addresses asked for
}

type answer struct {
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// New starts a browser with a window of w x h pixels, which ends with the test.
// Without Chromium the test is skipped by name, and fails where CI=true.
func New(t testing.TB, w, h int) *Page {
	t.Helper()
	program, err := find()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	profile := t.TempDir()
	// Chromium's sandbox needs rights that root and containers lack; the page is the
	// test's own. SwiftShader draws without a graphics card.
	cmd := exec.Command(program, "--headless", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", "--mute-audio",
		"--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--remote-debugging-port=0",
		fmt.Sprintf("--window-size=%d,%d", w, h), "--user-data-dir="+profile, "about:blank")
	var log bytes.Buffer
	cmd.Stderr = &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the program may be a script that starts another
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait() // it was killed
	})
	p := &Page{t: t, ctx: ctx, waiting: make(map[int]chan answer)}
	if err := p.connect(filepath.Join(profile, "DevToolsActivePort")); err != nil {
		t.Fatalf("%s: %v\n%s", program, err, log.String())
	}
	return p
}

// connect attaches to the page of the browser whose port is in a file.
func (p *Page) connect(portFile string) error {
	port := ""
	for deadline := time.Now().Add(startS * time.Second); port == ""; time.Sleep(20 * time.Millisecond) {
		text, _ := os.ReadFile(portFile) // not there at first
		port, _, _ = strings.Cut(string(text), "\n")
		if time.Now().After(deadline) {
			return errors.New("it does not say its port")
		}
	}
	resp, err := http.Get("http://127.0.0.1:" + port + "/json/list")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var targets []struct{ Type, WebSocketDebuggerURL string }
	if err := json.NewDecoder(resp.Body).Decode(&targets); err != nil {
		return err
	}
	i := slices.IndexFunc(targets, func(t struct{ Type, WebSocketDebuggerURL string }) bool { return t.Type == "page" })
	if i < 0 {
		return errors.New("it has no page")
	}
	if p.conn, _, err = websocket.Dial(p.ctx, targets[i].WebSocketDebuggerURL, nil); err != nil {
		return err
	}
	p.conn.SetReadLimit(1 << 28)
	go p.listen()
	for _, domain := range []string{"Page", "Runtime", "Network", "Log"} {
		p.Call(domain+".enable", nil, nil)
	}
	return nil
}

// listen hands answers to who waits for them and notes what the page does.
func (p *Page) listen() {
	for {
		var m struct {
			ID int
			answer
			event
		}
		_, text, err := p.conn.Read(p.ctx)
		if err != nil {
			return // the browser has ended
		}
		if json.Unmarshal(text, &m) != nil {
			continue
		}
		p.mu.Lock()
		if ch := p.waiting[m.ID]; ch != nil {
			ch <- m.answer
			delete(p.waiting, m.ID)
		}
		p.note(m.event)
		p.mu.Unlock()
	}
}

// event is what the page tells without being asked.
type event struct {
	Method string
	Params struct {
		Type    string // of a call of the console
		Args    []struct{ Value, Description any }
		Request struct{ URL string }
		Entry   struct{ Level, Text, URL string }
		Details struct {
			Text      string
			Exception struct{ Description string }
		} `json:"exceptionDetails"`
	}
}

func (p *Page) note(e event) {
	switch e.Method {
	case "Runtime.consoleAPICalled":
		if e.Params.Type == "error" || e.Params.Type == "warning" || e.Params.Type == "assert" {
			p.errors = append(p.errors, fmt.Sprintf("console.%s: %v", e.Params.Type, e.Params.Args))
		}
	case "Runtime.exceptionThrown":
		p.errors = append(p.errors, e.Params.Details.Text+" "+e.Params.Details.Exception.Description)
	case "Log.entryAdded":
		if e.Params.Entry.Level == "error" {
			p.errors = append(p.errors, e.Params.Entry.Text+" "+e.Params.Entry.URL)
		}
	case "Network.requestWillBeSent":
		p.requests = append(p.requests, e.Params.Request.URL)
	case "Network.webSocketCreated":
		p.requests = append(p.requests, "websocket")
	}
}

// Call calls a method of the protocol; it ends the test where that fails.
func (p *Page) Call(method string, params, result any) {
	p.t.Helper()
	p.mu.Lock()
	p.calls++
	id, ch := p.calls, make(chan answer, 1)
	p.waiting[id] = ch
	p.mu.Unlock()
	if params == nil {
		params = struct{}{}
	}
	text, err := json.Marshal(map[string]any{"id": id, "method": method, "params": params})
	if err != nil {
		p.t.Fatal(err)
	}
	if err := p.conn.Write(p.ctx, websocket.MessageText, text); err != nil {
		p.t.Fatalf("%s: %v", method, err)
	}
	select {
	case a := <-ch:
		if a.Error != nil {
			p.t.Fatalf("%s: %s", method, a.Error.Message)
		}
		if result != nil {
			if err := json.Unmarshal(a.Result, result); err != nil {
				p.t.Fatalf("%s: %v", method, err)
			}
		}
	case <-time.After(startS * time.Second):
		p.t.Fatalf("%s: no answer in %d s", method, startS)
	}
}

// For makes a subtest answer for what comes, and forgets what the page did before.
func (p *Page) For(t testing.TB) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.t, p.errors, p.requests = t, nil, nil
}

// Open shows an address and returns when the page and its scripts are loaded.
func (p *Page) Open(url string) {
	p.t.Helper()
	p.Call("Page.navigate", map[string]any{"url": url}, nil)
	p.Until(fmt.Sprintf("location.href === %q && document.readyState === 'complete'", url))
}

// Eval returns the value of an expression, awaited where it is a promise, in
// result, which may be nil.
func (p *Page) Eval(expression string, result any) {
	p.t.Helper()
	var out struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	p.Call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &out)
	if e := out.ExceptionDetails; e != nil {
		p.t.Fatalf("%s: %s %s", expression, e.Text, e.Exception.Description)
	}
	if result != nil {
		if err := json.Unmarshal(out.Result.Value, result); err != nil {
			p.t.Fatalf("%s: %v: %s", expression, err, out.Result.Value)
		}
	}
}

// Until waits for an expression to be true.
func (p *Page) Until(expression string) {
	p.t.Helper()
	for deadline := time.Now().Add(startS * time.Second); ; time.Sleep(10 * time.Millisecond) {
		var is bool
		if p.Eval("Boolean("+expression+")", &is); is {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("not in %d s: %s; errors: %q", startS, expression, p.Errors())
		}
	}
}

// Click presses and releases the left button at a pixel of the window.
func (p *Page) Click(x, y float64) {
	p.t.Helper()
	for _, kind := range []string{"mouseMoved", "mousePressed", "mouseReleased"} {
		p.Mouse(kind, x, y)
	}
}

// Mouse sends an event of the left button.
func (p *Page) Mouse(kind string, x, y float64) {
	p.t.Helper()
	p.Call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}, nil)
}

// Touch sends an event of fingers at pixels of the window.
func (p *Page) Touch(kind string, fingers ...[2]float64) {
	p.t.Helper()
	points := []map[string]any{}
	for i, f := range fingers {
		points = append(points, map[string]any{"x": f[0], "y": f[1], "id": i})
	}
	p.Call("Input.dispatchTouchEvent", map[string]any{"type": kind, "touchPoints": points}, nil)
}

// Screenshot returns what the window shows, as a PNG and as an image.
func (p *Page) Screenshot() ([]byte, image.Image) {
	p.t.Helper()
	var out struct{ Data string }
	p.Call("Page.captureScreenshot", map[string]any{"format": "png"}, &out)
	data, err := base64.StdEncoding.DecodeString(out.Data)
	if err != nil {
		p.t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		p.t.Fatal(err)
	}
	return data, img
}

// Errors lists what the page's scripts and its console complained about.
func (p *Page) Errors() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.errors)
}

// Requests lists the addresses that the page asked for.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}
