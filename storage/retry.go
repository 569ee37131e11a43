package storage

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"gocloud.dev/gcerrors"
)

// A transfer is tried tries times, with pauses that double from firstPause on: 15 s in
// all, as long as a server takes to start again. The services' libraries try single
// requests again by themselves.
const (
	tries      = 5
	firstPause = time.Second
)

// retry does what may succeed the next time. What a service refuses, or does not have,
// is not tried again.
func retry(ctx context.Context, what string, do func() error) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.Multiplier = firstPause, 2
	var last error // what ctx broke off is not what was wrong
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := do()
		last = err
		switch gcerrors.Code(err) {
		case gcerrors.NotFound, gcerrors.PermissionDenied, gcerrors.InvalidArgument, gcerrors.Unimplemented, gcerrors.Canceled:
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithMaxTries(tries), backoff.WithBackOff(pauses))
	if err != nil {
		return fmt.Errorf("%s: %w", what, cmp.Or(last, err))
	}
	return nil
}
