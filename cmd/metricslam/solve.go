package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/metricslam/metricslam/optimize"
	"github.com/metricslam/metricslam/optimize/posegraph"
	"github.com/metricslam/metricslam/optimize/problemfile"
)

// solveCmd runs the optimiser on a public problem file.
type solveCmd struct {
	File    string `arg:"" help:"BAL bundle adjustment or g2o 3-D pose graph, plain or .bz2."`
	Out     string `short:"o" placeholder:"FILE" help:"Write the solution here, in the same format."`
	JSON    bool   `name:"json" help:"Print the figures as one JSON object."`
	Robust  bool   `help:"Pose graphs: doubt edges between vertices that do not follow each other, and leave false ones out."`
	Threads int    `default:"1" enum:"1,2" help:"Goroutines, 1 or 2; the result is the same."`
}

// solveReport is what the command prints.
type solveReport struct {
	File        string  `json:"file"`
	CostStart   float64 `json:"cost_start"`
	CostEnd     float64 `json:"cost_end"`
	Iterations  int     `json:"iterations"`
	CPUSec      float64 `json:"cpu_s"`
	WallSec     float64 `json:"wall_s"`
	Termination string  `json:"termination"`
	Start       string  `json:"start,omitempty"`
	Projected   int     `json:"projected,omitempty"` // edges whose information was made positive semidefinite
	Rejected    []int   `json:"rejected,omitempty"`
	Held        []int   `json:"held,omitempty"`
}

// Run reads, solves, writes and prints. Times are those of solving, with the
// analysis and the search for a start, without reading and writing files.
func (c *solveCmd) Run(ctx context.Context) error {
	problem, err := problemfile.ReadFile(c.File)
	if err != nil {
		return err
	}
	rep := solveReport{File: c.File}
	wall, cpu := time.Now(), cpuSeconds()
	switch p := problem.(type) {
	case *problemfile.BAL:
		if c.Robust {
			return fmt.Errorf("%s: --robust is for pose graphs; this is bundle adjustment", c.File)
		}
		err = c.solveBAL(ctx, p, &rep)
	case *problemfile.Graph:
		err = c.solveGraph(ctx, p, &rep)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	rep.CPUSec, rep.WallSec = cpuSeconds()-cpu, time.Since(wall).Seconds()
	if c.Out != "" {
		if err := problemfile.WriteFile(c.Out, problem); err != nil {
			return err
		}
	}
	return rep.print(c.JSON)
}

func (c *solveCmd) solveBAL(ctx context.Context, b *problemfile.BAL, rep *solveReport) error {
	p, update := b.Problem()
	sum, err := optimize.Solve(ctx, p, optimize.Options{Threads: c.Threads})
	update()
	rep.take(sum)
	return err
}

func (c *solveCmd) solveGraph(ctx context.Context, g *problemfile.Graph, rep *solveReport) error {
	p, projected, err := g.PoseGraph()
	if err != nil {
		return err
	}
	if rep.Projected = projected.Edges; rep.Projected > 0 {
		fmt.Fprintf(os.Stderr, "note: the information of %d of %d edges misses being positive semidefinite by rounding (by %.2g of its diagonal at most); the nearest that is one was taken\n", projected.Edges, len(g.Edges), -projected.Worst)
	}
	res, err := posegraph.Solve(ctx, p, posegraph.Options{Options: optimize.Options{Threads: c.Threads}, Robust: c.Robust})
	g.SetPoses(p)
	rep.take(res.Summary)
	rep.CostStart, rep.Rejected = res.CostGiven, res.Rejected
	rep.Start = "given"
	if res.Started == posegraph.Chordal {
		rep.Start = "chordal"
	}
	for _, i := range res.Held {
		rep.Held = append(rep.Held, g.Vertices[i].ID)
	}
	if dof := 6 * (len(g.Edges) - len(g.Vertices) + 1); !c.Robust && err == nil && 2*res.CostEnd > suspiciousRatio*float64(max(dof, 1)) {
		fmt.Fprintf(os.Stderr, "note: squared residuals are %.0f times what the edges' information says; if some edges may be false, use --robust\n", 2*res.CostEnd/float64(max(dof, 1)))
	}
	return err
}

// suspiciousRatio is the squared residual per degree of freedom, 1 in theory,
// where the edges or their information are likely to be wrong.
const suspiciousRatio = 10

func (r *solveReport) take(s optimize.Summary) {
	r.CostStart, r.CostEnd, r.Iterations, r.Termination = s.CostStart, s.CostEnd, s.Iterations, string(s.Termination)
}

func (r *solveReport) print(asJSON bool) error {
	if asJSON {
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	fmt.Printf("cost_start %.9g\ncost_end %.9g\niterations %d\ncpu_s %.3f\nwall_s %.3f\n", r.CostStart, r.CostEnd, r.Iterations, r.CPUSec, r.WallSec)
	if len(r.Rejected) > 0 {
		fmt.Printf("rejected_edges %d\n", len(r.Rejected))
	}
	if len(r.Held) > 0 {
		fmt.Printf("note: nothing ties these parts of the graph to the fixed vertex; the first vertex of each was held: %v\n", r.Held)
	}
	return nil
}

// cpuSeconds returns the processor time of this process, all threads.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}
