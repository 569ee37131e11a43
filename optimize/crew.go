package optimize

// task is a pass over the lanes.
type task int

const (
	taskLinearize task = iota
	taskTrial
	taskReduce
	taskBackSubstitute
)

// crew runs a task on every lane, on one goroutine or with one more for the
// second half of the lanes. Handing out work does not allocate.
type crew struct {
	s      *system
	lambda float64 // damping, set before taskReduce
	work   chan task
	done   chan struct{}
}

// minParallelFactors is where a second goroutine starts to pay.
const minParallelFactors = 500

func newCrew(s *system, threads int) *crew {
	c := &crew{s: s}
	if threads > 1 && len(s.plans) >= minParallelFactors {
		c.work, c.done = make(chan task), make(chan struct{})
		go func() {
			for t := range c.work {
				c.part(t, numLanes/2, numLanes)
				c.done <- struct{}{}
			}
		}()
	}
	return c
}

// close ends the second goroutine.
func (c *crew) close() {
	if c.work != nil {
		close(c.work)
	}
}

func (c *crew) run(t task) {
	if c.work == nil {
		c.part(t, 0, numLanes)
		return
	}
	c.work <- t
	c.part(t, 0, numLanes/2)
	<-c.done
}

func (c *crew) part(t task, from, to int) {
	for i := from; i < to; i++ {
		ln := &c.s.lanes[i]
		switch t {
		case taskLinearize:
			c.s.linearize(ln)
		case taskTrial:
			c.s.trial(ln)
		case taskReduce:
			c.s.reduce(ln, c.lambda)
		case taskBackSubstitute:
			c.s.backSubstitute(ln)
		}
	}
}
