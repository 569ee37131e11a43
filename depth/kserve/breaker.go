package kserve

import (
	"errors"
	"sync"
	"time"
)

// ErrOpen says that the server failed so often that it is left alone for a
// while.
var ErrOpen = errors.New("the server failed repeatedly and is not asked for now")

// breaker is a circuit breaker: closed, open for a cooldown after a number of
// failures in a row, then half open: one request is let through to see.
type breaker struct {
	threshold int
	cooldown  time.Duration
	now       func() time.Time

	mu       sync.Mutex
	failures int
	until    time.Time // open until then
	probing  bool
}

// allow returns ErrOpen where no request may be sent.
func (b *breaker) allow() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < b.threshold {
		return nil
	}
	if b.probing || b.now().Before(b.until) {
		return ErrOpen
	}
	b.probing = true
	return nil
}

// done tells the outcome of a request that was allowed.
func (b *breaker) done(ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if ok {
		b.failures = 0
		return
	}
	if b.failures++; b.failures >= b.threshold {
		b.until = b.now().Add(b.cooldown)
	}
}
