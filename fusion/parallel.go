package fusion

import (
	"sync"
	"sync/atomic"
)

// parallelFor calls f once for every i in [0, n), on up to workers goroutines,
// grain indices at a time. f must write to what belongs to i alone.
func parallelFor(n, workers, grain int, f func(i int)) {
	if workers <= 1 || n <= grain {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, (n+grain-1)/grain) {
		wg.Go(func() {
			for {
				hi := int(next.Add(int64(grain)))
				for i := hi - grain; i < min(hi, n); i++ {
					f(i)
				}
				if hi >= n {
					return
				}
			}
		})
	}
	wg.Wait()
}
