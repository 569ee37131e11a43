package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/metricslam/metricslam/export"
	"github.com/metricslam/metricslam/join"
	"github.com/metricslam/metricslam/mapping"
)

// mapIndexCmd writes what the places of a map look like.
type mapIndexCmd struct {
	Map    string `arg:"" help:"Map file, such as DIR/map.mslam of a run."`
	Output string `short:"o" required:"" placeholder:"FILE" help:"Index to write."`
}

// Run writes the index.
func (c mapIndexCmd) Run(ctx context.Context) error {
	return withMap(ctx, c.Map, func(ref join.MapRef, s *mapping.State) error {
		x, err := join.NewIndex(ref, s)
		if err != nil {
			return err
		}
		return x.Write(c.Output)
	})
}

// withMap does something with a map file, which is named by its digest.
func withMap(ctx context.Context, path string, do func(join.MapRef, *mapping.State) error) error {
	ref, err := join.Refer(path)
	if err != nil {
		return err
	}
	maps, err := loadMaps(ctx, path)
	if err != nil {
		return err
	}
	defer closeMaps(maps)
	return do(ref, maps[0].State)
}

// mapPairsCmd finds the maps that may show the same place.
type mapPairsCmd struct {
	Indices []string `arg:"" name:"index" help:"Indices of two maps or more, from map index."`
	Output  string   `short:"o" required:"" placeholder:"FILE" help:"Pairs to write."`
	Quiet   bool     `help:"Show nothing but errors."`
}

// Run writes the pairs.
func (c mapPairsCmd) Run(_ context.Context) error {
	var all []*join.Index
	for _, path := range c.Indices {
		x, err := join.ReadIndex(path)
		if err != nil {
			return err
		}
		all = append(all, x)
	}
	p, err := join.FindPairs(all)
	if err != nil {
		return err
	}
	if !c.Quiet {
		fmt.Printf("%d of %d pairs of maps may show the same place\n", len(p.Pairs), len(all)*(len(all)-1)/2)
	}
	return p.Write(c.Output)
}

// mapMatchCmd finds the places that two maps have in common.
type mapMatchCmd struct {
	A      string `arg:"" help:"Map file."`
	B      string `arg:"" help:"Map file."`
	Output string `short:"o" required:"" placeholder:"FILE" help:"Links to write; none where the maps have no place in common that is sure."`
	Quiet  bool   `help:"Show nothing but errors."`
}

// Run writes the links.
func (c mapMatchCmd) Run(ctx context.Context) error {
	var refs [2]join.MapRef
	for i, path := range [2]string{c.A, c.B} {
		var err error
		if refs[i], err = join.Refer(path); err != nil {
			return err
		}
	}
	if refs[0].SHA256 == refs[1].SHA256 {
		return fmt.Errorf("%s and %s hold the same map; give two recordings", c.A, c.B)
	}
	maps, err := loadMaps(ctx, c.A, c.B)
	if err != nil {
		return err
	}
	defer closeMaps(maps)
	merger, closeMatcher := newMerger(c.Output, c.Quiet)
	defer closeMatcher()
	places, err := merger.CommonPlaces(ctx, maps[0].State, maps[1].State)
	if err != nil {
		return fmt.Errorf("%s and %s: %w", c.A, c.B, err)
	}
	links := join.NewLinks(refs[0], refs[1], places)
	if !c.Quiet {
		n := 0
		for _, l := range links.Links {
			if l.Believed {
				n++
			}
		}
		fmt.Printf("%d places in common, %d more that are not believed\n", n, len(links.Links)-n)
	}
	return links.Write(c.Output)
}

// mapJoinCmd brings many maps into one frame.
type mapJoinCmd struct {
	Maps         []string `arg:"" name:"map" help:"Map files of two recordings or more."`
	Links        []string `required:"" sep:"," placeholder:"FILE,..." help:"Links between them, from map match."`
	Output       string   `short:"o" required:"" placeholder:"FILE" help:"Joint map to write."`
	Trajectories string   `placeholder:"DIR" help:"Write the keyframes of each recording there too, as NAME.tum."`
	Quiet        bool     `help:"Show nothing but errors and warnings."`
}

// Run writes the joint map.
func (c mapJoinCmd) Run(ctx context.Context) error {
	var recordings []*join.Recording
	for _, path := range c.Maps {
		r, err := join.ReadRecording(path)
		if err != nil {
			return err
		}
		recordings = append(recordings, r)
	}
	var links []*join.Links
	for _, path := range c.Links {
		l, err := join.ReadLinks(path)
		if err != nil {
			return err
		}
		links = append(links, l)
	}
	j, err := join.Join(ctx, recordings, links)
	if err != nil {
		return err
	}
	if err := j.Write(c.Output); err != nil {
		return err
	}
	for _, w := range j.Warnings {
		fmt.Fprintln(os.Stderr, "warning: "+w)
	}
	if !c.Quiet {
		fmt.Println(joinedSummary(j))
	}
	if c.Trajectories == "" {
		return nil
	}
	if err := os.MkdirAll(c.Trajectories, 0o755); err != nil {
		return err
	}
	for i := range j.Maps {
		m := &j.Maps[i]
		if err := export.WriteTUM(filepath.Join(c.Trajectories, m.Name+".tum"), m.Trajectory()); err != nil {
			return err
		}
	}
	return nil
}

// joinedSummary says in a line what a joint map is.
func joinedSummary(j *join.Joined) string {
	count := make(map[string]int)
	for _, l := range j.Links {
		count[l.State]++
	}
	var parts []string
	for _, c := range j.Components {
		parts = append(parts, fmt.Sprint(c.Recordings))
	}
	s := fmt.Sprintf("%d recordings in components of %s; links: %d believed, %d rejected, %d doubted", len(j.Maps),
		strings.Join(parts, ", "), count[join.Believed]+count[join.Spare], count[join.Rejected], count[join.Doubted])
	if std := j.Components[0].ScaleLogStd; std > 0 {
		s += fmt.Sprintf("; metres to %s %%", percent(std))
	}
	return s
}
