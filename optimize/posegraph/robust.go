package posegraph

import (
	"context"
)

func (s *solver) solveRobust(ctx context.Context) error {
	return s.solveFromStart(ctx)
}
