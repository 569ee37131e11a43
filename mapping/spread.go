package mapping

import "sync"

// spread calls f for 0 to n-1 on as many goroutines as threads says, at least one,
// each with a run of them. f must change nothing that another call reads.
func spread(threads, n int, f func(i int)) {
	threads = max(min(threads, n), 1)
	var all sync.WaitGroup
	for t := 1; t < threads; t++ {
		all.Go(func() {
			for i := t * n / threads; i < (t+1)*n/threads; i++ {
				f(i)
			}
		})
	}
	for i := range n / threads {
		f(i)
	}
	all.Wait()
}

// Spread lets n goroutines share the work on a keyframe and on the whole map. The
// results are the same.
func (m *Mapper) Spread(n int) { m.cfg.threads, m.Map.threads = n, n }
