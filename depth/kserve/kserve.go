// Package kserve runs networks on a server of the KServe v2 inference protocol
// ("open inference protocol": Triton, OpenVINO Model Server, KServe, MLServer),
// over HTTP or gRPC, for one robot or a fleet. A slow, full or dead server is
// met with a deadline, retries and a circuit breaker.
package kserve

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/metricslam/metricslam/depth/network"
)

// EnvToken is the environment variable that holds the token, so that it need
// not stand on a command line.
const EnvToken = "METRICSLAM_KSERVE_TOKEN"

// Options sets how patient a client is; the zero value is usable.
type Options struct {
	Timeout  time.Duration // of one attempt; 0 means 10 s
	Attempts int           // of one request; 0 means 3
	Backoff  time.Duration // before the second attempt, doubled after each, with jitter; 0 means 100 ms
	// Failures is the number of requests in a row that must fail until the
	// circuit opens; 0 means 3. It stays open for Cooldown, 0 means 5 s: no
	// request is sent, all fail at once with ErrOpen. Then one is let through.
	Failures int
	Cooldown time.Duration

	Token  string // sent as "Authorization: Bearer"; empty takes METRICSLAM_KSERVE_TOKEN
	CAFile string // certificates that vouch for the server besides the system's
	JSON   bool   // sends and asks for tensors as JSON numbers, not bytes (HTTP)
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Attempts <= 0 {
		o.Attempts = 3
	}
	if o.Backoff <= 0 {
		o.Backoff = 100 * time.Millisecond
	}
	if o.Failures <= 0 {
		o.Failures = 3
	}
	if o.Cooldown <= 0 {
		o.Cooldown = 5 * time.Second
	}
	if o.Token == "" {
		o.Token = os.Getenv(EnvToken)
	}
	return o
}

// Address is where a model is served.
type Address struct {
	GRPC, TLS      bool
	Host           string // with port
	Prefix         string // of the HTTP path, such as behind a gateway
	Model, Version string
}

// ParseAddress reads kserve+http://HOST:PORT/MODEL, where MODEL may be written
// out as [prefix/]v2/models/MODEL[/versions/V]; likewise kserve+https, +grpc and
// +grpcs.
func ParseAddress(spec string) (Address, error) {
	bad := func(why string) (Address, error) {
		return Address{}, fmt.Errorf("%s: %s; want kserve+http://HOST:PORT/MODEL (or +https, +grpc, +grpcs)", spec, why)
	}
	u, err := url.Parse(spec)
	if err != nil {
		return bad("no address")
	}
	var a Address
	switch u.Scheme {
	case "kserve+http":
	case "kserve+https":
		a.TLS = true
	case "kserve+grpc":
		a.GRPC = true
	case "kserve+grpcs":
		a.GRPC, a.TLS = true, true
	default:
		return bad("unknown scheme")
	}
	if a.Host = u.Host; a.Host == "" {
		return bad("no host")
	}
	path := strings.Trim(u.Path, "/")
	if prefix, rest, ok := strings.Cut("/"+path, "/v2/models/"); ok {
		a.Prefix, path = strings.TrimPrefix(prefix, "/"), rest
	}
	parts := strings.Split(path, "/")
	switch {
	case len(parts) == 1 && parts[0] != "":
		a.Model = parts[0]
	case len(parts) == 3 && parts[1] == "versions":
		a.Model, a.Version = parts[0], parts[2]
	default:
		return bad("no model in the path")
	}
	return a, nil
}

// Metadata is what a server says of a model.
type Metadata struct {
	Name     string
	Platform string
	Inputs   []TensorMetadata
	Outputs  []TensorMetadata
}

// TensorMetadata describes an input or output; -1 stands for a free dimension.
type TensorMetadata struct {
	Name     string  `json:"name"`
	Datatype string  `json:"datatype"`
	Shape    []int64 `json:"shape"`
}

// transport is one way to speak the protocol.
type transport interface {
	infer(ctx context.Context, inputs []network.Tensor, outputs []string) ([]network.Tensor, error)
	metadata(ctx context.Context) (Metadata, error)
	close() error
}

// Client runs one model of a server. It implements network.Runner.
type Client struct {
	addr    Address
	opt     Options
	t       transport
	breaker breaker
}

// Dial returns a client; nothing is sent yet.
func Dial(spec string, opt Options) (*Client, error) {
	addr, err := ParseAddress(spec)
	if err != nil {
		return nil, err
	}
	opt = opt.withDefaults()
	var tlsConfig *tls.Config
	if addr.TLS {
		if tlsConfig, err = tlsFor(opt.CAFile); err != nil {
			return nil, fmt.Errorf("%s: %w", spec, err)
		}
	}
	c := &Client{addr: addr, opt: opt, breaker: breaker{threshold: opt.Failures, cooldown: opt.Cooldown, now: time.Now}}
	if addr.GRPC {
		c.t, err = newGRPC(addr, tlsConfig, opt.Token)
	} else {
		c.t = newHTTP(addr, tlsConfig, opt.Token, !opt.JSON)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", spec, err)
	}
	return c, nil
}

// tlsFor returns a configuration that trusts the system's certificates and
// those of a file.
func tlsFor(caFile string) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return cfg, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s: no certificate in PEM form in it", caFile)
	}
	cfg.RootCAs = pool
	return cfg, nil
}

// String returns the address of the model.
func (c *Client) String() string {
	scheme := "http"
	if c.addr.GRPC {
		scheme = "grpc"
	}
	if c.addr.TLS {
		scheme += "s"
	}
	return fmt.Sprintf("kserve+%s://%s/%s", scheme, c.addr.Host, c.addr.Model)
}

// Metadata asks the server for the model's inputs and outputs.
func (c *Client) Metadata(ctx context.Context) (m Metadata, err error) {
	err = c.attempts(ctx, func(ctx context.Context) error {
		m, err = c.t.metadata(ctx)
		return err
	})
	return m, err
}

// Run implements network.Runner. Errors say whether the server refused the
// request (no retry), could not be reached in all attempts, or was not asked
// because the circuit is open (ErrOpen).
func (c *Client) Run(ctx context.Context, inputs []network.Tensor, outputs []string) (out []network.Tensor, err error) {
	if err := c.breaker.allow(); err != nil {
		return nil, fmt.Errorf("%s: %w", c, err)
	}
	err = c.attempts(ctx, func(ctx context.Context) error {
		out, err = c.t.infer(ctx, inputs, outputs)
		return err
	})
	c.breaker.done(err == nil || !isTemporary(err) && ctx.Err() == nil)
	return out, err
}

// Close ends the connection.
func (c *Client) Close() error { return c.t.close() }

// attempts calls f until it succeeds, fails for good, or the attempts are used
// up; each has the deadline of its own.
func (c *Client) attempts(ctx context.Context, f func(context.Context) error) error {
	wait := c.opt.Backoff
	for i := 1; ; i++ {
		attempt, cancel := context.WithTimeout(ctx, c.opt.Timeout)
		err := f(attempt)
		late := attempt.Err() != nil && ctx.Err() == nil
		cancel()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case late:
			err = temporary{fmt.Errorf("no answer within %v: %w", c.opt.Timeout, err)}
		}
		if !isTemporary(err) || i == c.opt.Attempts {
			return fmt.Errorf("%s, attempt %d of %d: %w", c, i, c.opt.Attempts, err)
		}
		// Between half of the wait and all of it, so that a fleet does not
		// come back in step.
		select {
		case <-time.After(wait/2 + rand.N(wait/2+1)):
		case <-ctx.Done():
			return ctx.Err()
		}
		wait = min(2*wait, 5*time.Second)
	}
}

// temporary marks an error that another attempt may mend.
type temporary struct{ error }

func (t temporary) Unwrap() error { return t.error }

func isTemporary(err error) bool {
	var t temporary
	return errors.As(err, &t)
}
